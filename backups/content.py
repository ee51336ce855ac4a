"""What a backup holds and how a restore treats it, read from the models themselves.

Each model says it with class attributes; docs/backups.md explains them:

restore_policy       "rows", "monotone", "keep live" or "never"
restore_kept         fields that keep what stands here when the row exists here
restore_highest      fields that take the higher of the two values
restore_stays_set    fields that, once set on either side, stay set
restore_clock        the field that says when a row last changed ("updated_at" when there is one)
restore_tombstone    the kind under which `audit.bury` remembers deleted rows
in_backups           False for what no backup holds: sessions, caches, results of tasks
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from django.apps import apps as current_apps
from django.apps.registry import Apps
from django.conf import settings
from django.db.models import Field, ForeignKey, Model

ROWS, MONOTONE, KEEP_LIVE, NEVER = "rows", "monotone", "keep live", "never"
# Tables of packages, which cannot say it themselves. Permissions, roles and content types are made
# by `migrate`, lock-outs are for minutes, and the schedule is taken over by name (see schedule.py).
FOREIGN_POLICIES = {
    "admin.LogEntry": KEEP_LIVE,
    "auth.Group": NEVER,
    "auth.Group_permissions": NEVER,
    "accounts.User_groups": KEEP_LIVE,
    "accounts.User_user_permissions": KEEP_LIVE,
    "auth.Permission": NEVER,
    "contenttypes.ContentType": NEVER,
}
FOREIGN_APPS = {"axes": NEVER, "django_celery_beat": NEVER}
# Numbered differently in every database: references are translated by these columns.
BY_NAME = {
    "contenttypes.ContentType": ("app_label", "model"),
    "auth.Permission": ("content_type_id", "codename"),
    "auth.Group": ("name",),
}
EXCLUDED = {"sessions.Session"}


class NoPolicy(Exception):
    """A table that nobody has said anything about."""

    def __init__(self, label: str) -> None:
        super().__init__(f"{label} does not say how a restore treats it.")


@dataclass(frozen=True)
class Table:
    """One table, with what its model says about restoring it."""

    model: type[Model]
    policy: str
    kept: frozenset[str]
    highest: frozenset[str]
    stays_set: frozenset[str]
    clock: str
    tombstone: str

    @property
    def label(self) -> str:
        return self.model._meta.label

    @property
    def name(self) -> str:
        return self.model._meta.db_table

    @property
    def fields(self) -> list[Field[Any, Any]]:
        return list(self.model._meta.local_concrete_fields)

    @property
    def columns(self) -> list[str]:
        return [str(field.column) for field in self.fields]

    @property
    def key(self) -> Field[Any, Any]:
        return self.model._meta.pk

    @property
    def is_link(self) -> bool:
        """A table that only joins two others; its own numbers mean nothing."""
        return bool(self.model._meta.auto_created)

    @property
    def references(self) -> list[ForeignKey[Any, Any]]:
        return [field for field in self.fields if isinstance(field, ForeignKey)]


def stored_models(registry: Apps | None = None) -> list[type[Model]]:
    """Every table a backup holds, of today's models or of an earlier state of them."""
    registry = registry or current_apps
    return [model for model in _tables(registry) if _is_stored(model._meta.label)]


def all_models(registry: Apps | None = None) -> list[type[Model]]:
    return list(_tables(registry or current_apps))


def table(model: type[Model]) -> Table:
    """A model with its policy; raises NoPolicy."""
    own = model.__dict__
    names = {field.name for field in model._meta.local_concrete_fields}
    clock = own.get("restore_clock", "updated_at" if "updated_at" in names else "")
    return Table(
        model,
        policy_of(model),
        _columns(model, own.get("restore_kept", ())),
        _columns(model, own.get("restore_highest", ())),
        _columns(model, own.get("restore_stays_set", ())),
        _column(model, clock) if clock else "",
        own.get("restore_tombstone", ""),
    )


def policy_of(model: type[Model]) -> str:
    """How a restore treats the rows of a model; a joining table follows the model it belongs to."""
    label = model._meta.label
    policy = model.__dict__.get("restore_policy") or FOREIGN_POLICIES.get(label)
    policy = policy or FOREIGN_APPS.get(model._meta.app_label)
    if policy is None and model._meta.auto_created:
        policy = policy_of(cast("type[Model]", model._meta.auto_created))
    if policy is None:
        raise NoPolicy(label)
    return str(policy)


def in_order(models: list[type[Model]]) -> list[type[Model]]:
    """Models so that each comes after those it refers to, as far as there is no circle."""
    placed: list[type[Model]] = []
    waiting = sorted(models, key=lambda model: model._meta.label)
    while waiting:
        ready = [model for model in waiting if not _blocked_by(model, waiting)]
        # A circle is opened anywhere; references are looked at again when it is closed.
        ready = ready or waiting[:1]
        placed += ready
        waiting = [model for model in waiting if model not in ready]
    return placed


def owner_path(model: type[Model]) -> list[ForeignKey[Any, Any]] | None:
    """The references that lead from a row to the user it belongs to; None when none does."""
    user = settings.AUTH_USER_MODEL
    return _path(model, user, set())


def vault_tables() -> list[Table]:
    """What “one user's vault” is made of: rows of the vault's apps that belong to a user."""
    found = [
        table(model)
        for model in in_order(stored_models())
        if model._meta.app_label in settings.BACKUP_VAULT_APPS
    ]
    return [entry for entry in found if entry.policy in {ROWS, MONOTONE} and _owned(entry.model)]


def _owned(model: type[Model]) -> bool:
    return owner_path(model) is not None


def _path(
    model: type[Model], user: str, seen: set[type[Model]]
) -> list[ForeignKey[Any, Any]] | None:
    links = [f for f in model._meta.local_concrete_fields if isinstance(f, ForeignKey)]
    for link in links:
        if link.related_model._meta.label == user and not link.null:
            return [link]
    for link in links:
        target = link.related_model
        if link.null or target in seen or target is model:
            continue
        rest = _path(target, user, seen | {model})
        if rest is not None:
            return [link, *rest]
    return None


def _blocked_by(model: type[Model], waiting: list[type[Model]]) -> bool:
    return any(
        isinstance(field, ForeignKey) and field.related_model in waiting
        for field in model._meta.local_concrete_fields
        if field.related_model is not model
    )


def _tables(registry: Apps) -> Iterator[type[Model]]:
    for model in registry.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy and not model._meta.swapped:
            yield model


def _is_stored(label: str) -> bool:
    if label in EXCLUDED:
        return False
    try:
        model = current_apps.get_model(label)
    except LookupError:
        # A table that this release no longer has: it was in use when the backup was made.
        return True
    return model.__dict__.get("in_backups", True) is not False


def _columns(model: type[Model], names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(_column(model, name) for name in names)


def _column(model: type[Model], name: str) -> str:
    return str(model._meta.get_field(name).column)  # type: ignore[union-attr]

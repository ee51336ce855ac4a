"""A restore for practice: into an empty database that is thrown away."""

from __future__ import annotations

from collections.abc import Callable

from django.apps import apps
from django.db import transaction

from backups import content, keys, restores, restoring, rows, schema, scratch, wishes
from backups.course import Course
from backups.models import Backup

Tick = Callable[[int], None]


def drill(backup: Backup, opener: keys.Opener, *, tick: Tick | None = None) -> dict[str, int]:
    """Restore a backup for practice; answers rows per table.

    Unlike the verification this walks through the restore itself. Raises DoesNotFit.
    """
    with (
        restores.file_of(backup) as path,
        restores.opened(path, opener, sha256=backup.sha256, tick=tick) as source,
        scratch.database() as target,
    ):
        schema.create_at_once(target, content.all_models(), schema.current())
        for label in content.BY_NAME:
            copy_numbered(source.alias, target, label)
        with transaction.atomic(using=target):
            restoring.run(
                Course(
                    source=source.alias,
                    target=target,
                    wish=wishes.Wish(mode=wishes.REPLACE),
                    ring=source.carried.ring,
                    made_at="",
                    tick=tick,
                )
            )
        return _compare_counts(source, target)


def copy_numbered(source: str, target: str, label: str) -> None:
    """Rows that `migrate` would make: an empty database of ours was never migrated."""
    model = apps.get_model(label)
    for batch in rows.stream(source, model):
        rows.insert(target, model, list(model._meta.local_concrete_fields), batch)


def _compare_counts(source: restores.Opened, target: str) -> dict[str, int]:
    found = {}
    for model in content.stored_models():
        if content.policy_of(model) == content.NEVER:
            continue
        found[model._meta.db_table] = rows.count(target, model)
        if found[model._meta.db_table] != rows.count(source.alias, model):
            raise scratch.DoesNotFit(f"not all rows of {model._meta.label} could be restored")
    return found

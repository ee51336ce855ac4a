"""What each role may do: the permissions of the three groups, set anew by every `migrate`.

They are set here and not in a migration, because Django makes the permissions of an app only when
all migrations are through; what an app adds is known at once, and what it drops is gone.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import router

from accounts import roles


def keep_in_step(*, using: str, **_: Any) -> None:
    """After `migrate` of the last app: groups and permissions as this release has them."""
    if not router.allow_migrate_model(using, Group):
        return
    # Django's own receiver for this last app may come after this one.
    create_permissions(list(apps.get_app_configs())[-1], verbosity=0, using=using)
    every = {name: pk for pk, name in _names(using)}
    for role in roles.NAMES:
        group, _made = Group.objects.using(using).get_or_create(name=role)
        wanted = {every[name] for name in granted(role, set(every)) if name in every}
        group.permissions.set(wanted)


def granted(role: str, every: set[str]) -> set[str]:
    """The names of a role's permissions, of all that there are."""
    if role == roles.OPERATOR:
        return every
    views = {_view(model) for model in admin.site._registry}
    return views | set(settings.HELPDESK_PERMISSIONS) if role == roles.HELPDESK else views


def _view(model: Any) -> str:
    return f"{model._meta.app_label}.view_{model._meta.model_name}"


def _names(using: str) -> list[tuple[int, str]]:
    labels = dict(ContentType.objects.using(using).values_list("pk", "app_label"))
    rows = Permission.objects.using(using).values_list("pk", "content_type", "codename")
    return [(pk, f"{labels[kind]}.{codename}") for pk, kind, codename in rows]

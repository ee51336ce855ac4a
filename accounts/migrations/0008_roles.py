from __future__ import annotations

from typing import Any

from django.db import migrations

NAMES = ("viewer", "helpdesk", "operator")


def make(apps: Any, schema_editor: Any) -> None:
    """The groups of the three roles; whoever operates the site already is in the last one."""
    alias = schema_editor.connection.alias
    rows = apps.get_model("auth", "Group").objects.using(alias)
    groups = {name: rows.get_or_create(name=name)[0] for name in NAMES}
    people = apps.get_model("accounts", "User").objects.using(alias)
    for user in people.filter(is_staff=True, is_superuser=True):
        user.groups.add(groups["operator"])


def remove(apps: Any, schema_editor: Any) -> None:
    rows = apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias)
    rows.filter(name__in=NAMES).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_role_permissions"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunPython(make, remove)]

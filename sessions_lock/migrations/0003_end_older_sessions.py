"""Sessions from before there was a lock have no activity to count from: they lock at once."""

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.db.models import F

SECONDS = 15 * 60


def lock(apps: Any, schema_editor: Any) -> None:
    rows = apps.get_model("sessions_lock", "SessionActivity").objects
    rows.using(schema_editor.connection.alias).filter(
        user__isnull=False, lock_deadline=None
    ).update(
        timeout_seconds=SECONDS,
        last_activity_at=F("started_at"),
        lock_deadline=F("started_at"),
    )


class Migration(migrations.Migration):
    dependencies = [("sessions_lock", "0002_auto_lock")]

    operations = [migrations.RunPython(lock, migrations.RunPython.noop, elidable=True)]

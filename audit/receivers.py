from __future__ import annotations

from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry

from audit import events, services

ACTIONS = {ADDITION: "added", CHANGE: "changed", DELETION: "removed"}


def record_admin_change(instance: LogEntry, created: bool, **_: Any) -> None:
    # Ids only: the log entry's own words name people and issuers.
    if created:
        content_type = instance.content_type
        services.record(
            events.ADMIN_CHANGED,
            user=instance.user_id,
            facts={
                "model": f"{content_type.app_label}.{content_type.model}" if content_type else "",
                "object_id": instance.object_id or "",
                "action": ACTIONS.get(instance.action_flag, "changed"),
            },
        )

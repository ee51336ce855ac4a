from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_save


class AuditConfig(AppConfig):
    name = "audit"

    def ready(self) -> None:
        from audit import receivers

        post_save.connect(
            receivers.record_admin_change, sender="admin.LogEntry", dispatch_uid="audit"
        )

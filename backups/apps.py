from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class BackupsConfig(AppConfig):
    name = "backups"

    def ready(self) -> None:
        from backups import checks, receivers, schedule  # noqa: F401 - checks register themselves
        from jobs.signals import job_failed

        post_migrate.connect(schedule.make_missing, sender=self)
        job_failed.connect(receivers.note_failure, dispatch_uid="backups")

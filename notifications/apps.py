from __future__ import annotations

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        from jobs.signals import job_failed
        from notifications import receivers

        job_failed.connect(receivers.give_up_mail, dispatch_uid="notifications")
        job_failed.connect(receivers.give_up_notice, dispatch_uid="notices")

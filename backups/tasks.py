from __future__ import annotations

from typing import Any

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from backups import alarms, services
from backups.models import Backup
from jobs import services as jobs


@shared_task
def scheduled(kind: str = "daily", **_: Any) -> None:
    """The moment of a schedule. While another backup runs, that one is as good."""
    try:
        services.create(kind, at=timezone.now())
    except services.Busy:
        return


@shared_task
def watch(**_: Any) -> None:
    at = timezone.now()
    services.discover(at=at)
    alarms.watch(at=at)


@shared_task
def drill(**_: Any) -> None:
    """The monthly restore drill, with the newest verified backup."""
    newest = Backup.objects.verified().newest_first().first()
    if newest is not None:
        with transaction.atomic():
            jobs.enqueue("backup-drill", subject=newest.id, max_attempts=2)

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from sessions_lock import ending, services


@shared_task
def sweep(**_: Any) -> None:
    ending.sweep(at=timezone.now())


@shared_task
def forget_ended(**_: Any) -> None:
    services.forget_ended(at=timezone.now())

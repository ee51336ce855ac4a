from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from imports import services


@shared_task
def forget_expired(**_: Any) -> None:
    """Delete imports that nobody finished in time, and those past undoing."""
    services.forget_expired(at=timezone.now())

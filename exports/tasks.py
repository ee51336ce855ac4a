from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from exports import services


@shared_task
def forget_expired(**_: Any) -> None:
    services.forget_expired(at=timezone.now())

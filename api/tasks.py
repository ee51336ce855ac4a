from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from api import services


@shared_task
def forget_ended(**_: Any) -> None:
    services.forget_ended(at=timezone.now())

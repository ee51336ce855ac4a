from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from vault import services


@shared_task
def purge(**_: Any) -> None:
    """Delete what has been in the trash for 30 days, and the drafts nobody answered."""
    now = timezone.now()
    services.purge_expired(at=now)
    services.forget_expired(at=now)

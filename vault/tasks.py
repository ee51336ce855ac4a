from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from vault import services


@shared_task
def purge(**_: Any) -> None:
    """Delete what is due: the trash after 30 days, unanswered drafts, earlier secrets."""
    now = timezone.now()
    services.purge_expired(at=now)
    services.forget_expired(at=now)
    services.forget_earlier(at=now)

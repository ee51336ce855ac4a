from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from audit import chain, services


@shared_task
def seal(**_: Any) -> None:
    at = timezone.now()
    services.pseudonymise_late(at=at)
    chain.seal(at=at)

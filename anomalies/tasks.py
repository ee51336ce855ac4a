from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from anomalies import geo_watch, grants, retention


@shared_task
def tidy(**_: Any) -> None:
    now = timezone.now()
    retention.shorten_addresses(at=now)
    retention.forget(at=now)


@shared_task
def watch_geo(**_: Any) -> None:
    now = timezone.now()
    geo_watch.watch(at=now)
    grants.remind(at=now)

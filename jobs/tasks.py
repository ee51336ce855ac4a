from __future__ import annotations

from typing import Any
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from jobs import reaping, running, services


@shared_task
def run_job(job_id: str, **_: Any) -> None:
    running.run(UUID(job_id), at=timezone.now())


@shared_task
def reap(**_: Any) -> None:
    reaping.reap(at=timezone.now())


@shared_task
def beat(**_: Any) -> None:
    services.record_beat(at=timezone.now())

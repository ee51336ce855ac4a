"""Background jobs for other apps: ask for one, stop one, and what a handler is given."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from core import sealing
from jobs import sending
from jobs.models import Heartbeat, Job
from jobs.refusals import Cancelled, GiveUp, LeaseLost, Postpone, SecretGone
from jobs.running import Run

__all__ = [
    "Cancelled",
    "GiveUp",
    "LeaseLost",
    "Postpone",
    "Run",
    "SecretGone",
    "UnknownKind",
    "cancel",
    "enqueue",
    "last_beat",
    "record_beat",
]

SECRET_LIFETIME = timedelta(minutes=15)
BEAT = "beat"


class UnknownKind(Exception):
    """No handler is named for this kind of job."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"JOB_HANDLERS names no handler for “{kind}”.")


def enqueue(
    kind: str,
    *,
    subject: UUID,
    owner: UUID | None = None,
    secret: bytes | None = None,
    not_before: datetime | None = None,
    max_attempts: int = 5,
    at: datetime | None = None,
) -> Job:
    """Add a job in the caller's transaction; it is sent once that is committed."""
    if kind not in settings.JOB_HANDLERS:
        raise UnknownKind(kind)
    at = at or timezone.now()
    job = Job(
        kind=kind,
        subject=subject,
        owner=owner,
        max_attempts=max_attempts,
        not_before=max(at, not_before or at),
        created_at=at,
    )
    if secret is not None:
        sealing.seal_field(job, "sealed_secret", secret)
        job.secret_expires_at = at + SECRET_LIFETIME
    is_due = job.not_before == at
    job.sent_at = at if is_due else None
    job.save(force_insert=True)
    if is_due:
        transaction.on_commit(partial(sending.send, job.id))
    return job


def cancel(job_id: UUID, *, at: datetime) -> bool:
    """Stop a job: at once while it waits, else when its handler next looks. False if it ended."""
    waiting = Job.objects.filter(pk=job_id, state=Job.State.WAITING)
    if waiting.update(
        state=Job.State.CANCELLED, finished_at=at, cancel_requested_at=at, sealed_secret=""
    ):
        return True
    running = Job.objects.filter(pk=job_id, state=Job.State.RUNNING)
    return bool(running.update(cancel_requested_at=at))


def record_beat(*, at: datetime) -> None:
    Heartbeat.objects.update_or_create(name=BEAT, defaults={"at": at})


def last_beat() -> datetime | None:
    """When beat and a worker last showed that both are alive."""
    return Heartbeat.objects.filter(name=BEAT).values_list("at", flat=True).first()

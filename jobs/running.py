"""Taking a job up, running its handler, and writing down how it ended.

Every write is conditional on the attempt: a worker that was believed dead, and comes back, changes
nothing that the next worker did.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.module_loading import import_string

from core import sealing
from jobs.models import Job, JobQuerySet
from jobs.refusals import Cancelled, GiveUp, LeaseLost, Postpone, SecretGone
from jobs.signals import job_failed

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(hours=1)
UNEXPECTED = "unexpected"
UNEXPECTED_SENTENCE = "Something unexpected happened."


@dataclass(frozen=True)
class Run:
    """One attempt at a job, as its handler sees it."""

    job_id: UUID
    kind: str
    subject: UUID
    owner: UUID | None
    attempt: int
    max_attempts: int

    @property
    def is_last_attempt(self) -> bool:
        return self.attempt >= self.max_attempts

    def secret(self, *, at: datetime | None = None) -> bytes:
        """The job's own secret; raises SecretGone once it was wiped or is too old."""
        job = self._held().first()
        if job is None:
            raise LeaseLost
        expires_at = job.secret_expires_at
        if not job.sealed_secret or expires_at is None or expires_at <= (at or timezone.now()):
            raise SecretGone
        return sealing.open_field(job, "sealed_secret")

    def renew(self, *, at: datetime | None = None) -> None:
        """Keep the job for another while; raises LeaseLost."""
        self._write(lease_until=(at or timezone.now()) + LEASE)

    def report(self, done: int, total: int, *, at: datetime | None = None) -> None:
        """Say how far it is, and keep the job; raises LeaseLost."""
        lease_until = (at or timezone.now()) + LEASE
        self._write(progress_done=done, progress_total=total, lease_until=lease_until)

    def is_cancelled(self) -> bool:
        """Has somebody asked for it to stop? A handler that stops raises Cancelled."""
        return self._held().filter(cancel_requested_at__isnull=False).exists()

    def _held(self) -> JobQuerySet:
        return Job.objects.held_by(self.job_id, self.attempt)

    def _write(self, **values: Any) -> None:
        if not self._held().update(**values):
            raise LeaseLost


def claim(job_id: UUID, *, at: datetime) -> Run | None:
    """Take a due job up; None when it is not due or another worker was quicker."""
    job = Job.objects.due(at).filter(pk=job_id).first()
    if job is None:
        return None
    has_secret = Q(secret_expires_at__isnull=True) | Q(secret_expires_at__gt=at)
    won = (
        Job.objects.due(at)
        .filter(has_secret, pk=job_id, attempt=job.attempt)
        .update(
            state=Job.State.RUNNING,
            attempt=F("attempt") + 1,
            lease_until=at + LEASE,
            started_at=at,
        )
    )
    if not won:
        return None
    return Run(job.id, job.kind, job.subject, job.owner, job.attempt + 1, job.max_attempts)


def run(job_id: UUID, *, at: datetime) -> None:
    """Claim a job and see it to an end; does nothing when it is somebody else's."""
    held = claim(job_id, at=at)
    if held is None:
        return
    try:
        _end(held)
    except LeaseLost:
        logger.warning("Job %s took so long that another worker has it now.", job_id)


def retry_delay(attempt: int) -> timedelta:
    """Longer after each attempt: half a minute, two minutes, eight, half an hour, an hour."""
    growth: int = 4 ** min(attempt - 1, 5)
    return min(LONGEST_DELAY, FIRST_DELAY * growth)


def fail(held: Run, *, code: str, sentence: str, at: datetime) -> None:
    """End a job for good; raises LeaseLost."""
    with transaction.atomic():
        held._write(
            state=Job.State.FAILED,
            failure_code=code,
            failure_sentence=sentence[:200],
            finished_at=at,
            lease_until=None,
            sealed_secret="",
        )
        job_failed.send(sender=Job, job=Job.objects.get(pk=held.job_id))


def try_again(held: Run, *, delay: timedelta, code: str, sentence: str, at: datetime) -> None:
    """Let a job wait for its next attempt, or end it when there is none; raises LeaseLost."""
    if held.is_cancelled():
        return _finish(held, Job.State.CANCELLED, at)
    job = held._held().first()
    if job is None:
        raise LeaseLost
    if job.secret_expires_at is not None and job.secret_expires_at <= at + delay:
        gone = SecretGone()
        return fail(held, code=gone.code, sentence=str(gone), at=at)
    if held.is_last_attempt:
        return fail(held, code=code, sentence=sentence, at=at)
    held._write(
        state=Job.State.WAITING,
        failure_code=code,
        failure_sentence=sentence[:200],
        not_before=at + delay,
        lease_until=None,
        sent_at=None,
    )
    return None


def _end(held: Run) -> None:
    try:
        _handler(held.kind)(held)
    except LeaseLost:
        raise
    except Cancelled:
        _finish(held, Job.State.CANCELLED, timezone.now())
    except GiveUp as error:
        fail(held, code=error.code, sentence=str(error), at=timezone.now())
    except Postpone as error:
        sentence = str(error)
        try_again(held, delay=error.delay, code=error.code, sentence=sentence, at=timezone.now())
    except Exception:
        logger.exception("Job %s (%s) failed unexpectedly.", held.job_id, held.kind)
        try_again(
            held,
            delay=retry_delay(held.attempt),
            code=UNEXPECTED,
            sentence=UNEXPECTED_SENTENCE,
            at=timezone.now(),
        )
    else:
        _finish(held, Job.State.DONE, timezone.now())


def _finish(held: Run, state: Job.State, at: datetime) -> None:
    held._write(
        state=state,
        finished_at=at,
        lease_until=None,
        sealed_secret="",
        failure_code="",
        failure_sentence="",
    )


def _handler(kind: str) -> Callable[[Run], None]:
    handler: Callable[[Run], None] = import_string(settings.JOB_HANDLERS[kind])
    return handler

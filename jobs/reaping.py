"""The reaper: takes up what a dead worker or a lost message left, and wipes old secrets."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from jobs import running, sending
from jobs.models import Job
from jobs.refusals import LeaseLost, SecretGone

RESEND_AFTER = timedelta(minutes=1)
KEPT = timedelta(days=30)
# A worker that is behind would only be buried under copies of what it has still to read.
SENT_AT_ONCE = 200
LOST = "worker_lost"
LOST_SENTENCE = "The work stopped half-way, several times."


def reap(*, at: datetime) -> None:
    """Everything the reaper does in a minute; safe to run twice and in parallel."""
    release_abandoned(at=at)
    wipe_secrets(at=at)
    send_again(at=at)
    Job.objects.ended().filter(finished_at__lt=at - KEPT).delete()


def release_abandoned(*, at: datetime) -> None:
    """Jobs whose worker died wait again at once, or fail after the last attempt."""
    for job in Job.objects.abandoned(at).order_by("lease_until")[:SENT_AT_ONCE]:
        # The reaper takes the lease itself: the worker may have renewed it, or another reaper
        # may have come first.
        mine = Job.objects.abandoned(at).filter(pk=job.pk, attempt=job.attempt)
        if mine.update(lease_until=at + running.LEASE):
            _release(job, at)


def wipe_secrets(*, at: datetime) -> None:
    """Secrets older than their time go; a job that still waited for its turn fails."""
    expired = Job.objects.filter(secret_expires_at__lte=at).exclude(sealed_secret="")
    for job in expired.filter(state=Job.State.WAITING):
        _fail_waiting(job, at)
    expired.update(sealed_secret="")


def send_again(*, at: datetime) -> int:
    """Send jobs that were due but not started a minute after they were sent, oldest first.

    Stops at the first that cannot be sent: the broker is away for the others as well.
    """
    unsent = Q(sent_at__isnull=True) | Q(sent_at__lte=at - RESEND_AFTER)
    sent = 0
    for job in Job.objects.due(at).filter(unsent).order_by("not_before")[:SENT_AT_ONCE]:
        # Of two reapers one wins, as the time it was sent is part of the condition.
        mine = Job.objects.due(at).filter(pk=job.pk, attempt=job.attempt, sent_at=job.sent_at)
        if mine.update(sent_at=at):
            if not sending.send(job.pk):
                break
            sent += 1
    return sent


def _release(job: Job, at: datetime) -> None:
    held = running.Run(job.id, job.kind, job.subject, job.owner, job.attempt, job.max_attempts)
    try:
        running.try_again(held, delay=timedelta(0), code=LOST, sentence=LOST_SENTENCE, at=at)
    except LeaseLost:
        return


def _fail_waiting(job: Job, at: datetime) -> None:
    # Taken up first, so that only one of several workers and reapers ends it.
    claimed = Job.objects.filter(pk=job.pk, state=Job.State.WAITING, attempt=job.attempt)
    lease_until = at + running.LEASE
    if claimed.update(state=Job.State.RUNNING, attempt=job.attempt + 1, lease_until=lease_until):
        gone = SecretGone()
        held = running.Run(
            job.id, job.kind, job.subject, job.owner, job.attempt + 1, job.max_attempts
        )
        running.fail(held, code=gone.code, sentence=str(gone), at=at)

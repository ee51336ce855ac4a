from __future__ import annotations

from typing import Any

from django.utils import timezone

from backups import alarms, pipeline, services
from jobs.models import Job


def note_failure(*, job: Job, **_: Any) -> None:
    """A job of ours ended for good, by whoever gave it up."""
    now = timezone.now()
    if job.kind in {"backup", "backup-verify"}:
        pipeline.mark_failed(job.subject, job.failure_sentence, at=now)
    elif job.kind == "backup-drill":
        alarms.raise_alarm("backup", job.failure_sentence, at=now)
    elif job.kind in {"restore", "restore-report"}:
        services.mark_restore_failed(job.subject, job.failure_sentence, at=now)

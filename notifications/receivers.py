from __future__ import annotations

from typing import Any

from jobs.models import Job
from notifications import mail


def give_up_mail(job: Job, **_: Any) -> None:
    if job.kind == "mail" and job.finished_at is not None:
        mail.give_up(job.subject, reason=job.failure_code, at=job.finished_at)

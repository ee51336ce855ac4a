from __future__ import annotations

from typing import Any

from jobs.models import Job
from notifications import hooks, mail


def give_up_mail(job: Job, **_: Any) -> None:
    if job.kind == "mail" and job.finished_at is not None:
        mail.give_up(job.subject, reason=job.failure_code, at=job.finished_at)


def give_up_notice(job: Job, **_: Any) -> None:
    if job.kind == "notice" and job.finished_at is not None:
        hooks.give_up(job.subject, sentence=job.failure_sentence, at=job.finished_at)

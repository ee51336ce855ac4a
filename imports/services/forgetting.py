from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from imports.models import ImportBatch
from jobs import services as jobs

if TYPE_CHECKING:
    from accounts.models import User


def cancel(*, batch: ImportBatch, at: datetime) -> bool:
    """Forget an unfinished import and everything that was kept of it."""
    with transaction.atomic():
        if not ImportBatch.objects.unfinished().filter(pk=batch.pk).delete()[0]:
            return False
        if batch.job:
            jobs.cancel(batch.job, at=at)
    return True


def forget_unfinished(*, owner: User, at: datetime) -> None:
    """Let one import of a user be under way at a time: earlier ones go."""
    for batch in ImportBatch.objects.for_owner(owner).unfinished():
        cancel(batch=batch, at=at)


def forget_expired(*, at: datetime) -> int:
    """Delete what nobody finished in time, and what can no longer be undone."""
    return ImportBatch.objects.expired(at).delete()[0]

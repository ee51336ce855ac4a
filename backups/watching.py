"""What machines are told about backups: one word for the health page, numbers for metrics."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from backups import alarms
from backups.models import Backup


def outcome(*, at: datetime) -> str:
    """ "ok", "failed" while an alarm is open, or "late" when nothing was verified for too long."""
    if alarms.is_overdue(at=at):
        return "late"
    return "failed" if alarms.open_alarms().exclude(name="overdue").exists() else "ok"


def numbers(*, at: datetime) -> Iterator[tuple[str, str, float]]:
    """Name, sentence and value of each figure."""
    newest = Backup.objects.verified().exclude(verified_at=None).order_by("-verified_at").first()
    drilled = Backup.objects.exclude(drilled_at=None).order_by("-drilled_at").first()
    duration = newest.duration if newest else None
    yield (
        "authnode_backup_verified_timestamp_seconds",
        "When a backup was last verified.",
        _seconds(newest.verified_at if newest else None),
    )
    yield (
        "authnode_backup_drill_timestamp_seconds",
        "When a backup was last restored for practice.",
        _seconds(drilled.drilled_at if drilled else None),
    )
    yield "authnode_backup_size_bytes", "Of the newest verified.", newest.size if newest else 0
    yield (
        "authnode_backup_duration_seconds",
        "What the newest verified took.",
        duration.total_seconds() if duration else 0,
    )
    yield "authnode_backup_overdue", "1 when none came in time.", int(alarms.is_overdue(at=at))
    yield "authnode_backup_alarms", "Open alarms.", alarms.open_alarms().count()
    failed = Backup.objects.filter(state=Backup.State.FAILED).count()
    yield "authnode_backups_failed", "Failed backups in the list.", failed


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0

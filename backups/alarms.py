"""Telling operators that backups fail, or that none have come for too long."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from accounts import operators
from accounts.models import User
from backups import schedule
from backups.models import Backup, BackupAlarm
from notifications import services as notifications

TELL_AGAIN_AFTER = timedelta(hours=24)
KINDS = {"backup": "backup_failed", "copy": "backup_copy_failed", "overdue": "backup_overdue"}


def raise_alarm(name: str, sentence: str, *, at: datetime) -> None:
    """Tell all operators, once a day while it lasts."""
    with transaction.atomic():
        _row, is_new = BackupAlarm.objects.get_or_create(
            name=name, defaults={"since": at, "told_at": at}
        )
        due = BackupAlarm.objects.filter(name=name, told_at__lte=at - TELL_AGAIN_AFTER)
        if not is_new and not due.update(told_at=at):
            return
        for operator in operators.active():
            notifications.notify(operator, KINDS[name], params={"reason": sentence}, at=at)


def clear(name: str) -> None:
    BackupAlarm.objects.filter(name=name).delete()


def is_overdue(*, at: datetime) -> bool:
    """Whether nothing was verified within two intervals of the schedule."""
    interval = schedule.interval()
    reference = last_verified_at() or _installed_at()
    return interval is not None and reference is not None and at - reference > 2 * interval


def last_verified_at() -> datetime | None:
    newest = Backup.objects.verified().exclude(verified_at=None).order_by("-verified_at").first()
    return newest.verified_at if newest else None


def watch(*, at: datetime) -> None:
    """The alarm on silence: whatever stopped the backups, somebody hears of it."""
    if is_overdue(at=at):
        raise_alarm("overdue", "", at=at)
    else:
        clear("overdue")


def _installed_at() -> datetime | None:
    return User.objects.order_by("created_at").values_list("created_at", flat=True).first()


def open_alarms() -> QuerySet[BackupAlarm]:
    return BackupAlarm.objects.order_by("since")

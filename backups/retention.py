"""How long backups are kept: all of some days, then one a week, then one a month.

Whatever the plan and the clock say, the newest verified backup stays, and while the newest attempt
has failed nothing goes at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from backups.models import Backup, RetentionPlan

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

FORGET_FAILED_AFTER = timedelta(days=30)


@dataclass(frozen=True)
class Verdict:
    backup: Backup
    is_kept: bool
    why: StrPromise


def plan() -> RetentionPlan:
    return RetentionPlan.objects.get_or_create(pk=RetentionPlan.ONLY)[0]


def verdicts(tiers: RetentionPlan, *, at: datetime) -> list[Verdict]:
    """What would stay and go now, newest first."""
    backups = list(Backup.objects.newest_first())
    ended = [backup for backup in backups if not backup.is_running]
    if ended and ended[0].state == Backup.State.FAILED:
        return [Verdict(backup, True, _("the newest attempt failed")) for backup in backups]
    verified = [backup for backup in backups if backup.is_good]
    kept = _kept(verified, tiers, at)
    return [Verdict(backup, *_judge(backup, kept, at)) for backup in backups]


def due(*, at: datetime) -> list[Backup]:
    return [verdict.backup for verdict in verdicts(plan(), at=at) if not verdict.is_kept]


def _judge(backup: Backup, kept: dict[object, StrPromise], at: datetime) -> tuple[bool, StrPromise]:
    if backup.pk in kept:
        return True, kept[backup.pk]
    if backup.is_running:
        return True, _("not verified yet")
    if backup.is_good:
        return False, _("older than the plan keeps")
    if backup.started_at > at - FORGET_FAILED_AFTER:
        return True, _("failed less than 30 days ago")
    return False, _("failed long ago")


def _kept(verified: list[Backup], tiers: RetentionPlan, at: datetime) -> dict[object, StrPromise]:
    reasons: dict[object, StrPromise] = {}
    if verified:
        reasons[verified[0].pk] = _("the newest verified one")
    all_from = at - timedelta(days=tiers.keep_all_days)
    weeks_from = all_from - timedelta(weeks=tiers.keep_weeks)
    months_from = weeks_from - timedelta(days=31 * tiers.keep_months)
    for backup in verified:
        if backup.started_at >= all_from:
            reasons.setdefault(backup.pk, _("younger than the plan's days"))
    older = [backup for backup in verified if backup.started_at < all_from]
    weekly = [backup for backup in older if backup.started_at >= weeks_from]
    for backup in _newest_of_each(weekly, "%G-%V"):
        reasons.setdefault(backup.pk, _("the newest of its week"))
    monthly = [backup for backup in older if months_from <= backup.started_at < weeks_from]
    for backup in _newest_of_each(monthly, "%Y-%m"):
        reasons.setdefault(backup.pk, _("the newest of its month"))
    return reasons


def _newest_of_each(backups: Iterable[Backup], period: str) -> list[Backup]:
    newest: dict[str, Backup] = {}
    for backup in backups:
        newest.setdefault(f"{backup.started_at:{period}}", backup)
    return list(newest.values())

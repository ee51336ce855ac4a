"""What the list of backups says above its rows: the state of things at a glance."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Sum
from django.urls import reverse
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups import alarms, keys, making, places, schedule
from backups.models import Backup, BackupCopy
from core import overview as core_overview
from core.overview import Figure, Item

CHARTED = 30
WIDTH, HEIGHT, BASE = 640, 120, 100


@dataclass(frozen=True)
class Bar:
    """One backup in the chart: a bar for its size, a point for its duration."""

    x: float
    width: float
    y: float
    height: float
    point_x: float
    point_y: float
    title: str


@dataclass(frozen=True)
class Usage:
    place: str
    count: int
    size: int


def figures(*, at: datetime) -> Iterator[Item]:
    """For the overview of the administration."""
    newest = Backup.objects.verified().exclude(verified_at=None).order_by("-verified_at").first()
    alarms_open, is_overdue = list(alarms.open_alarms()), alarms.is_overdue(at=at)
    verified_at = newest.verified_at if newest else None
    is_well = core_overview.WELL if newest else core_overview.WARNING
    yield Figure(
        "backup",
        core_overview.SITE,
        gettext_lazy("Last verified backup"),
        _("%(time)s ago") % {"time": timesince(verified_at, at, depth=1)}
        if verified_at
        else _("never"),
        "backups.view_backup",
        url=f"{reverse('admin:backups_backup_changelist')}?state__exact={Backup.State.VERIFIED}",
        tone=core_overview.PROBLEM if alarms_open or is_overdue else is_well,
        words=gettext_lazy("Backups are late or fail.") if alarms_open or is_overdue else "",
    )


def summary(*, at: datetime) -> dict[str, Any]:
    newest = Backup.objects.verified().exclude(verified_at=None).order_by("-verified_at").first()
    drilled = Backup.objects.exclude(drilled_at=None).order_by("-drilled_at").first()
    disk = shutil.disk_usage(making.folder())
    return {
        "newest": newest,
        "drilled": drilled,
        "is_overdue": alarms.is_overdue(at=at),
        "alarms": list(alarms.open_alarms()),
        "daily": schedule.get(schedule.DAILY),
        "weekly": schedule.get(schedule.WEEKLY),
        "usage": usage(),
        "disk_free": disk.free,
        "is_sealed_away": keys.is_sealed_away(),
        "folder": settings.BACKUP_DIRECTORY,
        "chart": chart(),
        "chart_box": f"0 0 {WIDTH} {HEIGHT}",
        "chart_base": BASE,
        "chart_width": WIDTH,
    }


def usage() -> list[Usage]:
    """How many backups lie in each place, and how large they are together."""
    names = [places.LOCAL, *(place.name for place in places.configured())]
    found = []
    for name in names:
        there = Backup.objects.filter(copies__place=name, copies__state=BackupCopy.State.CONFIRMED)
        found.append(Usage(name, there.count(), there.aggregate(size=Sum("size"))["size"] or 0))
    return found


def chart() -> list[Bar]:
    """The last backups, oldest first, as bars that a page can draw without a script."""
    last = list(Backup.objects.exclude(written_at=None).newest_first()[:CHARTED])[::-1]
    if not last:
        return []
    largest = max(backup.size for backup in last) or 1
    longest = max(_seconds(backup) for backup in last) or 1
    step = WIDTH / len(last)
    return [
        _bar(backup, number * step, step, largest, longest) for number, backup in enumerate(last)
    ]


def _bar(backup: Backup, x: float, step: float, largest: int, longest: float) -> Bar:
    height = max(2.0, (BASE - 10) * backup.size / largest)
    width = min(step * 0.7, 40.0)
    left = x + (step - width) / 2
    return Bar(
        x=round(left, 1),
        width=round(width, 1),
        y=round(BASE - height, 1),
        height=round(height, 1),
        point_x=round(left + width / 2, 1),
        point_y=round(BASE - max(4.0, (BASE - 10) * _seconds(backup) / longest), 1),
        title=f"{backup.name}: {backup.size:,} B, {_seconds(backup):.1f} s",
    )


def _seconds(backup: Backup) -> float:
    return backup.duration.total_seconds() if backup.duration else 0.0


def tables(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The tables of a report for a page, each with the row counts in one order."""
    found = sorted(report.get("tables", {}).items())
    return [{"label": label, **counts} for label, counts in found]


def held(report: dict[str, Any]) -> list[dict[str, str]]:
    """What a report holds back, the reasons in the reader's language."""
    return [{**row, "why": str(_(row["why"]))} for row in report.get("held", [])]


def rows_by_table(backup: Backup) -> Sequence[tuple[str, int]]:
    """The tables that hold any; most are empty on a small site."""
    return sorted((table, count) for table, count in backup.row_counts.items() if count)

"""The operators' report: what happened with backup codes, and who has none or few of them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import TruncDate
from django.utils.translation import gettext_lazy as _

from accounts.models import Passkey, TotpDevice, User
from audit.activity import harmless
from audit.models import AuditEvent
from recovery import services as recovery
from recovery.models import RecoveryCode, RecoverySet

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

DAYS = 30
EVENTS = (
    *("recovery.generated", "recovery.shown", "recovery.confirmed", "recovery.redeemed"),
    *("recovery.refused", "recovery.superseded", "recovery.invalidated"),
)


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    title: StrOrPromise
    heads: tuple[StrOrPromise, ...]
    rows: Sequence[tuple[str, ...]]


def table(name: str, *, at: datetime) -> Table:
    """One table of the report, by its name in TABLES."""
    return TABLES[name](at)


def csv_lines(table: Table) -> Iterator[str]:
    """The table as lines of a CSV file, each cell safe to open in a spreadsheet."""
    yield _line(map(str, table.heads))
    for row in table.rows:
        yield _line(row)


def _days(at: datetime) -> Table:
    since = at - timedelta(days=DAYS)
    counted = (
        AuditEvent.objects.filter(event__in=EVENTS, at__gte=since)
        .annotate(day=TruncDate("at", tzinfo=UTC))
        .values("day", "event")
        .annotate(count=Count("id"))
    )
    days: dict[str, dict[str, int]] = {}
    for row in counted:
        days.setdefault(row["day"].isoformat(), {})[row["event"]] = row["count"]
    rows = [
        (day, *(str(counts.get(event, 0)) for event in EVENTS))
        for day, counts in sorted(days.items(), reverse=True)
    ]
    heads: tuple[StrOrPromise, ...]
    heads = (_("Day (UTC)"), *(event.partition(".")[2] for event in EVENTS))
    return Table("days", _("Events a day"), heads, rows)


def _without(at: datetime) -> Table:
    usable = RecoveryCode.objects.filter(
        user=OuterRef("pk"),
        used_at=None,
        recovery_set__superseded_at=None,
        recovery_set__invalidated_at=None,
    )
    people = (
        User.objects.filter(~Exists(usable), is_active=True)
        .annotate(
            has_factor=Q(Exists(TotpDevice.objects.filter(user=OuterRef("pk"), confirmed=True)))
            | Q(Exists(Passkey.objects.filter(user=OuterRef("pk"))))
        )
        .order_by("email")
        .values_list("email", "has_factor")
    )
    rows = [(email, str(_("yes") if has else _("no"))) for email, has in people]
    heads = (_("User"), _("Has a second factor"))
    return Table("without", _("Users without codes"), heads, rows)


def _low(at: datetime) -> Table:
    sets = (
        RecoverySet.objects.valid()
        .filter(user__is_active=True)
        .annotate(left=Count("codes", filter=Q(codes__used_at=None)))
        .filter(left__gt=0, left__lte=recovery.LOW)
        .order_by("left", "user__email")
        .values_list("user__email", "left", "last_used_at")
    )
    rows = [(email, str(left), _time(used)) for email, left, used in sets]
    heads = (_("User"), _("Left"), _("Last used (UTC)"))
    return Table("low", _("Users low on codes"), heads, rows)


TABLES: Mapping[str, Callable[[datetime], Table]] = {
    "days": _days,
    "without": _without,
    "low": _low,
}


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" if at else ""


def _line(cells: Iterable[str]) -> str:
    line = StringIO()
    csv.writer(line).writerow(harmless(cell) for cell in cells)
    return line.getvalue()

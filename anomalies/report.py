"""What operators read: cases with what happened around them, and counts of the last month."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import TYPE_CHECKING

from django.db.models import Avg, Count
from django.utils.translation import gettext_lazy as _

from anomalies import countries, rules, words, worldmap
from anomalies.models import LoginAttempt, ReviewCase, RuleFault
from audit.activity import harmless
from core import geo

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

DAYS = 30
AROUND = timedelta(days=1)
MOST_AROUND = 100
MOST_ROWS = 20
MOST_ATTEMPTS = 10_000
State = ReviewCase.State


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    title: StrOrPromise
    heads: tuple[StrOrPromise, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    decided: int
    safe: int

    @property
    def percent(self) -> int | None:
        return round(100 * self.safe / self.decided) if self.decided else None


def timeline(case: ReviewCase) -> list[LoginAttempt]:
    """The attempts of the user around a case, the newest first."""
    rows = LoginAttempt.objects.filter(
        user=case.user_id,
        at__gte=case.attempt.at - AROUND,
        at__lte=case.attempt.at + AROUND,
    )
    return list(rows.order_by("-at")[:MOST_AROUND])


def table(name: str, *, at: datetime) -> Table:
    """One table of the report, by its name in TABLES."""
    return TABLES[name](at - timedelta(days=DAYS))


def csv_lines(table: Table) -> Iterator[str]:
    """The table as lines of a CSV file, each cell safe to open in a spreadsheet."""
    yield _line([str(head) for head in table.heads])
    for row in table.rows:
        yield _line(row)


def false_alarms(*, at: datetime) -> FalseAlarms:
    """Of the cases of a month that somebody has decided: how many were harmless."""
    since = at - timedelta(days=DAYS)
    decided = ReviewCase.objects.filter(opened_at__gte=since).exclude(state=State.OPEN)
    safe = decided.filter(state__in=(State.SAFE, State.APPROVED))
    return FalseAlarms(decided.count(), safe.count())


def countries_on_map(*, at: datetime) -> list[worldmap.Point]:
    """A point for each country that unusual sign-ins came from."""
    since = at - timedelta(days=DAYS)
    rows = (
        LoginAttempt.objects.filter(at__gte=since, level__in=(rules.MEDIUM, rules.HIGH))
        .exclude(latitude=None)
        .exclude(country="")
        .values("country")
        .annotate(count=Count("pk"), latitude=Avg("latitude"), longitude=Avg("longitude"))
    )
    return [
        worldmap.point(
            rules.Spot(row["latitude"], row["longitude"]),
            f"{countries.name(row['country'])}: {row['count']}",
            kind=rules.MEDIUM,
            count=row["count"],
        )
        for row in rows
    ]


def databases(*, at: datetime) -> list[geo.State]:
    return [geo.state(kind, at=at) for kind in geo.KINDS]


def _days(since: datetime) -> Table:
    """How often each rule has spoken, by day."""
    counts: dict[str, Counter[str]] = {}
    rows = LoginAttempt.objects.filter(at__gte=since, score__gt=0).values_list("at", "findings")
    for at, findings in rows.iterator():
        day = counts.setdefault(at.astimezone(UTC).date().isoformat(), Counter())
        day.update(finding["rule"] for finding in findings)
    heads = (_("Day (UTC)"), *words.TITLES.values())
    return Table(
        "days",
        _("Findings by day and rule"),
        heads,
        [
            (day, *(str(found[rule]) for rule in words.TITLES))
            for day, found in sorted(counts.items(), reverse=True)
        ],
    )


def _addresses(since: datetime) -> Table:
    unusual = LoginAttempt.objects.filter(at__gte=since)
    found = unusual.filter(level__in=(rules.MEDIUM, rules.HIGH)) | unusual.filter(outcome="refused")
    rows = found.values("network").annotate(count=Count("pk")).order_by("-count")[:MOST_ROWS]
    return Table(
        "addresses",
        _("Addresses with most refused or unusual sign-ins"),
        (_("Address"), _("Sign-ins")),
        [(row["network"], str(row["count"])) for row in rows],
    )


def _countries(since: datetime) -> Table:
    rows = (
        LoginAttempt.objects.filter(at__gte=since, level__in=(rules.MEDIUM, rules.HIGH))
        .values("country")
        .annotate(count=Count("pk"))
        .order_by("-count")[:MOST_ROWS]
    )
    return Table(
        "countries",
        _("Countries of unusual sign-ins"),
        (_("Country"), _("Sign-ins")),
        [
            (countries.name(row["country"]) or str(_("not evaluated")), str(row["count"]))
            for row in rows
        ],
    )


def _faults(since: datetime) -> Table:
    rows = RuleFault.objects.filter(day__gte=since.date()).order_by("-day", "rule")
    return Table(
        "faults",
        _("Rules that failed and were passed over"),
        (_("Day (UTC)"), _("Rule"), _("Times")),
        [(row.day.isoformat(), words.title(row.rule), str(row.count)) for row in rows],
    )


def _cases(since: datetime) -> Table:
    rows = ReviewCase.objects.filter(opened_at__gte=since).select_related("user")
    heads = ("opened_at", "user", "level", "origin", "country", "rules", "state", "closed_at")
    return Table(
        "cases",
        _("Cases"),
        (*heads, "closed_by", "reason"),
        [
            (
                row.opened_at.isoformat(),
                str(row.user),
                row.level,
                row.origin,
                row.country,
                row.rules.strip(),
                row.state,
                row.closed_at.isoformat() if row.closed_at else "",
                row.closed_by,
                row.reason,
            )
            for row in rows.order_by("-opened_at")
        ],
    )


def _attempts(since: datetime) -> Table:
    rows = LoginAttempt.objects.filter(at__gte=since).select_related("user").order_by("-at")
    cells = [row.as_row() for row in rows[:MOST_ATTEMPTS]]
    heads = tuple(cells[0]) if cells else tuple(LoginAttempt(at=since).as_row())
    return Table("attempts", _("Sign-ins"), heads, [tuple(row.values()) for row in cells])


TABLES: Mapping[str, Callable[[datetime], Table]] = {
    "days": _days,
    "addresses": _addresses,
    "countries": _countries,
    "faults": _faults,
    "cases": _cases,
    "attempts": _attempts,
}
ON_PAGE = ("days", "addresses", "countries", "faults")


def _line(cells: Sequence[str]) -> str:
    held = StringIO()
    csv.writer(held).writerow(map(harmless, cells))
    return held.getvalue()

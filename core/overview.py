"""Figures and charts for the first page of the administration, and the shapes of the charts.

Each app that has something to show names a function in `settings.OVERVIEW`; it answers figures and
charts, and knows nothing of the page. A figure is a number with the list it was counted from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.utils.formats import number_format
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

PEOPLE, ACCESS, SITE = "people", "access", "site"
WELL, WARNING, PROBLEM = "well", "warning", "problem"
WIDTH, HEIGHT = 700, 160
GAP = 0.22


@dataclass(frozen=True, slots=True)
class Figure:
    """`permission` is what somebody needs to see it; `url` leads to the rows that were counted."""

    name: str
    section: str
    title: StrOrPromise
    value: int | str
    permission: str
    url: str = ""
    tone: str = ""
    words: StrOrPromise = ""

    @property
    def shown(self) -> str:
        if isinstance(self.value, str):
            return self.value
        return str(number_format(self.value, use_l10n=True, force_grouping=True))

    @property
    def tone_words(self) -> str:
        """What the colour says, for those who do not see it."""
        return {WARNING: _("worth a look"), PROBLEM: _("needs you")}.get(self.tone, "")


@dataclass(frozen=True, slots=True)
class Series:
    """One colour of a chart; `name` is one of the classes in admin-overview.css."""

    name: str
    title: StrOrPromise
    values: Sequence[int]

    @property
    def total(self) -> int:
        return sum(self.values)


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle, in text that no language puts commas into."""

    series: str
    x: str
    y: str
    width: str
    height: str
    title: str


@dataclass(frozen=True, slots=True)
class DayChart:
    """Columns by day, the series one upon the other."""

    name: str
    section: str
    title: StrOrPromise
    permission: str
    days: Sequence[date]
    series: Sequence[Series]
    url: str = ""

    @property
    def box(self) -> str:
        return f"0 0 {WIDTH} {HEIGHT}"

    @property
    def most(self) -> int:
        """What the tallest column stands for."""
        return max((sum(column) for column in self._columns()), default=0)

    @property
    def total(self) -> int:
        return sum(series.total for series in self.series)

    @property
    def rows(self) -> list[tuple[date, tuple[int, ...]]]:
        """The same numbers as a table, the newest day first."""
        return list(zip(self.days, self._columns(), strict=True))[::-1]

    @property
    def bars(self) -> list[Bar]:
        return [bar for number in range(len(self.days)) for bar in self._bars_of(number)]

    def _columns(self) -> list[tuple[int, ...]]:
        return list(zip(*(series.values for series in self.series), strict=True))

    def _bars_of(self, number: int) -> list[Bar]:
        step, foot, bars = WIDTH / len(self.days), float(HEIGHT), []
        for series in self.series:
            count = series.values[number]
            if not count:
                continue
            height = max(1.5, HEIGHT * count / self.most)
            foot = max(0.0, foot - height)
            bars.append(
                Bar(
                    series.name,
                    x=f"{(number + GAP / 2) * step:.1f}",
                    y=f"{foot:.1f}",
                    width=f"{(1 - GAP) * step:.1f}",
                    height=f"{height:.1f}",
                    title=f"{self.days[number]:%Y-%m-%d}, {series.title}: {count}",
                )
            )
        return bars


@dataclass(frozen=True, slots=True)
class ShareChart:
    """One bar, cut into the shares of a whole. Each series has one value."""

    name: str
    section: str
    title: StrOrPromise
    permission: str
    series: Sequence[Series]

    @property
    def total(self) -> int:
        return sum(series.total for series in self.series)

    @property
    def box(self) -> str:
        return f"0 0 {WIDTH} 24"

    @property
    def bars(self) -> list[Bar]:
        bars, x = [], 0.0
        for series in self.series:
            if not series.total:
                continue
            width = WIDTH * series.total / self.total
            title = f"{series.title}: {series.total}"
            bars.append(Bar(series.name, f"{x:.1f}", "0", f"{width:.1f}", "24", title))
            x += width
        return bars


Item = Figure | DayChart | ShareChart

"""A row that is on both sides: what differs, and which of the differences may be taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backups import content
from backups.content import Table
from backups.course import Course
from backups.rows import Row
from backups.values import Values


@dataclass(frozen=True)
class Difference:
    """Columns that the backup would change, and those that it may raise or set for good."""

    plain: frozenset[str]
    raised: frozenset[str]


def difference(table: Table, values: Values, there: Row, here: Row) -> Difference:
    plain, raised = set(), set()
    for place, column in enumerate(table.columns):
        old, live = there[place], here[place]
        if old == live or column == table.key.column or column in table.kept:
            continue
        if column in table.highest:
            if old is not None and (live is None or old > live):
                raised.add(column)
        elif column in table.stays_set:
            if live in (None, "") and old not in (None, ""):
                raised.add(column)
        elif table.policy == content.ROWS and not values.equal(place, there, here):
            plain.add(column)
    return Difference(frozenset(plain), frozenset(raised))


def is_newer_here(course: Course, table: Table, there: Row, here: Row) -> bool:
    """Whether it was changed here since the backup; without a clock every difference counts so."""
    if course.is_bare:
        return False
    live, old = clock(table, here), clock(table, there)
    if live is None or old is None:
        return True
    return bool(live > course.made_at or live > old)


def clock(table: Table, row: Row) -> Any:
    return row[table.columns.index(table.clock)] if table.clock else None

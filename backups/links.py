"""Tables that only join two others: their rows are pairs, whatever their number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django.db import connections
from django.db.models import Model

from backups import notebook, rows
from backups.applying import READ_AT_ONCE, of_user
from backups.content import Table
from backups.course import Course
from backups.rows import Row

Pair = tuple[Any, Any]


class Links:
    """Links follow the row they belong to: where that one stays as it is, so do they."""

    def __init__(self, course: Course, table: Table) -> None:
        self.course, self.table = course, table
        self.counts = course.report.begin(table)
        self.ends = table.references[:2]
        self.places = [table.columns.index(rows.column(end)) for end in self.ends]
        self.key_place = table.columns.index(rows.column(table.key))
        self.parent = cast("type[Model]", table.model._meta.auto_created)

    def restore(self) -> None:
        where = of_user(self.course, self.table)
        for batch in rows.stream(self.course.source, self.table.model, where):
            self._batch([self._pair(row) for row in batch])
            self.course.worked(len(batch))
        if self.course.wish.takes_backup_side and not self.course.adds_alone:
            for batch in rows.in_batches(self.course.target, self.table.model, where):
                self._remove_surplus(batch)

    def _batch(self, pairs: list[Pair]) -> None:
        pairs = self._eligible(pairs)
        there = self._pairs(self.course.target, {first for first, _ in pairs})
        missing = [pair for pair in pairs if pair not in there]
        self.counts.same += len(pairs) - len(missing)
        self.counts.missing += len(missing)
        for place, reference in enumerate(self.ends):
            wanted = {pair[place] for pair in missing}
            ends = rows.existing(self.course.target, reference.target_field, wanted)
            missing = [pair for pair in missing if pair[place] in ends]
        if missing:
            rows.insert(self.course.target, self.table.model, self.ends, missing)
            self.counts.added += len(missing)

    def _eligible(self, pairs: list[Pair]) -> list[Pair]:
        if self.course.is_bare:
            return pairs
        label = self.parent._meta.label
        firsts = {first for first, _ in pairs}
        if self.course.adds_alone:
            chosen = self.course.notebook.among(notebook.ADDED, label, firsts)
        else:
            kept = self.course.notebook.among(notebook.KEPT, label, firsts)
            chosen = {str(key) for key in firsts} - kept
        return [pair for pair in pairs if str(pair[0]) in chosen]

    def _remove_surplus(self, batch: list[Row]) -> None:
        pairs = {self._pair(row): row[self.key_place] for row in batch}
        firsts = {first for first, _ in self._eligible(list(pairs))}
        firsts &= rows.existing(self.course.source, self.ends[0].target_field, firsts)
        kept = self._pairs(self.course.source, firsts)
        surplus = [key for pair, key in pairs.items() if pair[0] in firsts and pair not in kept]
        rows.delete(self.course.target, self.table.model, surplus)
        self.counts.removed += len(surplus)

    def _pairs(self, alias: str, firsts: set[Any]) -> set[Pair]:
        connection = connections[alias]
        write = rows.writer(connection, self.ends[0])
        column = connection.ops.quote_name(rows.column(self.ends[0]))
        found: set[Pair] = set()
        for some in rows.chunks(firsts, READ_AT_ONCE):
            tail = f"WHERE {column} IN ({', '.join(['%s'] * len(some))})"
            params = [write(value) for value in some]
            found |= {self._pair(row) for row in rows.read(alias, self.table.model, tail, params)}
        return found

    def _pair(self, row: Sequence[Any]) -> Pair:
        return row[self.places[0]], row[self.places[1]]

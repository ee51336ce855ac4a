"""One table of a restore, in batches: compare, change, add, and remove what is new here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, connections, transaction
from django.db.models import Model

from backups import comparing, content, notebook, reports, rows, wishes
from backups.admitting import Gate
from backups.content import Table
from backups.course import Course, user_model
from backups.rows import Row
from backups.values import Values
from backups.wishes import RestoreRefused

# Rows here may be larger than those of the backup by which batches were measured.
READ_AT_ONCE = 250


class ForeignRow(RestoreRefused):
    """A row of one user's vault is somebody else's here."""

    def __init__(self, label: str) -> None:
        super().__init__(f"A row of {label} belongs to another user here than in the backup.")


class OneTable:
    """What is done with one table."""

    def __init__(self, course: Course, table: Table) -> None:
        self.course, self.table = course, table
        self.counts = course.report.begin(table)
        self.places = {column: place for place, column in enumerate(table.columns)}
        self.key_place = self.places[rows.column(table.key)]
        self.owner_place = self._find_owner()
        self.values = Values(course, table)
        self.gate = Gate(course, table, self.owner_place)
        self.matched = 0
        self.was_empty = rows.count(course.target, table.model) == 0

    def restore(self) -> None:
        where = of_user(self.course, self.table)
        for batch in rows.stream(self.course.source, self.table.model, where):
            self._batch(batch)
            self.course.worked(len(batch))
        if not self.course.is_bare:
            self._look_at_new_rows(where)

    def fill(self) -> None:
        """All rows as they are, into an empty table."""
        for batch in rows.stream(self.course.source, self.table.model):
            self.counts.missing += len(batch)
            ready = self.values.resealed(self.values.translated(batch))
            rows.insert(self.course.target, self.table.model, self.table.fields, ready)
            self.counts.added += len(ready)
            self.course.worked(len(batch))

    def _find_owner(self) -> int | None:
        path = content.owner_path(self.table.model)
        return self.places[rows.column(path[0])] if path and len(path) == 1 else None

    def _batch(self, batch: list[Row]) -> None:
        live = {} if self.was_empty else self._live([row[self.key_place] for row in batch])
        missing = []
        for row in batch:
            here = live.get(row[self.key_place])
            if here is None:
                missing.append(row)
            elif here == row:
                self.counts.same += 1
            else:
                self._compare(row, here)
        self.matched += len(batch) - len(missing)
        self.counts.missing += len(missing)
        if missing:
            self._add(missing)

    def _live(self, keys: Sequence[Any]) -> dict[Any, Row]:
        connection = connections[self.course.target]
        column = connection.ops.quote_name(rows.column(self.table.key))
        write = rows.writer(connection, self.table.key)
        found: dict[Any, Row] = {}
        for some in rows.chunks(keys, READ_AT_ONCE):
            tail = f"WHERE {column} IN ({', '.join(['%s'] * len(some))})"
            params = [write(key) for key in some]
            for row in rows.read(self.course.target, self.table.model, tail, params):
                found[row[self.key_place]] = row
        return found

    # Rows that are on both sides

    def _compare(self, row: Row, here: Row) -> None:
        self._check_owner(row, here)
        found = comparing.difference(self.table, self.values, row, here)
        key = row[self.key_place]
        if found.plain and not self._may_change(row, here):
            # What differs elsewhere may need another counter: the row here stays whole.
            self.course.notebook.write(notebook.KEPT, self.table.label, [key])
        elif not found.plain and not found.raised:
            self.counts.same += 1
        elif self._write(key, row, found.plain | found.raised):
            if found.plain:
                self.counts.replaced += 1
            else:
                self.counts.raised += 1
            self._concern([row])

    def _may_change(self, row: Row, here: Row) -> bool:
        """Count a difference, and say whether the backup's side is taken."""
        is_newer = comparing.is_newer_here(self.course, self.table, row, here)
        if is_newer:
            self.counts.changed_here += 1
            live, old = comparing.clock(self.table, here), comparing.clock(self.table, row)
            self.course.report.conflict(self.table, row[self.key_place], here=live, there=old)
        else:
            self.counts.changed_in_backup += 1
        if self.course.adds_alone and not self.course.is_bare:
            return False
        return not is_newer or self.course.follows_backup

    def _write(self, key: Any, row: Row, columns: frozenset[str]) -> bool:
        ready = self.values.resealed(self.values.translated([row]))[0]
        fields = [field for field in self.table.fields if field.column in columns]
        values = [ready[self.places[rows.column(field)]] for field in fields]
        try:
            with transaction.atomic(using=self.course.target):
                rows.update(self.course.target, self.table.model, fields, key, values)
        except IntegrityError:
            self.course.report.hold(self.table, key, reports.IN_THE_WAY)
            return False
        return True

    def _check_owner(self, row: Row, here: Row) -> None:
        place = self.owner_place
        if self.course.wish.mode == wishes.USER and place is not None and row[place] != here[place]:
            raise ForeignRow(self.table.label)

    # Rows that are only in the backup

    def _add(self, missing: Sequence[Row]) -> None:
        admitted = self.values.translated(self.gate.admit(missing))
        ready = self.values.resealed(self.gate.with_references(admitted))
        count = rows.insert(self.course.target, self.table.model, self.table.fields, ready)
        if count != len(ready):
            ready = self._those_added(ready)
        self.counts.added += len(ready)
        if not self.course.is_bare:
            added = [row[self.key_place] for row in ready]
            self.course.notebook.write(notebook.ADDED, self.table.label, added)
        self._concern(ready)

    def _those_added(self, batch: Sequence[Row]) -> Sequence[Row]:
        """Rows that are there now; the others found something in their place."""
        keys = {row[self.key_place] for row in batch}
        there = rows.existing(self.course.target, self.table.key, keys)
        for key in keys - there:
            self.course.report.hold(self.table, key, reports.IN_THE_WAY)
        return [row for row in batch if row[self.key_place] in there]

    # Rows that are only here

    def _look_at_new_rows(self, where: str) -> None:
        total = _count(self.course.target, self.table, where)
        self.counts.new += total - self.matched - self.counts.added
        may = (
            self.table.policy == content.ROWS
            and self.course.wish.takes_backup_side
            and not self.course.adds_alone
            and self.table.model.__dict__.get("restore_removes", True)
        )
        if may and self.counts.new:
            for batch in rows.in_batches(self.course.target, self.table.model, where):
                self._remove_new(batch)

    def _remove_new(self, batch: list[Row]) -> None:
        keys = {row[self.key_place] for row in batch}
        new = keys - rows.existing(self.course.source, self.table.key, keys)
        if not new:
            return
        self._concern([row for row in batch if row[self.key_place] in new])
        found = self.table.model._base_manager.using(self.course.target).filter(
            pk__in=[rows.dashed(self.table.key, key) for key in new]
        )
        found.delete()
        self.counts.removed += len(new)
        self.course.worked(len(new))

    def _concern(self, touched: Sequence[Row]) -> None:
        is_user = self.table.model is user_model()
        place = self.key_place if is_user else self.owner_place
        if place is not None and touched:
            users = {row[place] for row in touched}
            self.course.notebook.write(notebook.CONCERNED, "", users)


def of_user(course: Course, table: Table) -> str:
    """The condition that a row belongs to the one user; ids are hexadecimal digits."""
    path = content.owner_path(table.model)
    if course.wish.mode != wishes.USER or course.wish.user is None or not path:
        return ""
    quoted = connections[course.source].ops.quote_name
    query = f"{quoted(rows.column(path[-1]))} = '{course.wish.user.hex}'"
    for link in reversed(path[:-1]):
        parent: type[Model] = link.related_model
        key, name = quoted(rows.column(parent._meta.pk)), quoted(parent._meta.db_table)
        query = f"{quoted(rows.column(link))} IN (SELECT {key} FROM {name} WHERE {query})"  # noqa: S608 - names of our own models, an id in hexadecimal
    return query


def _count(alias: str, table: Table, where: str) -> int:
    connection = connections[alias]
    name = connection.ops.quote_name(table.name)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {name}{f' WHERE {where}' if where else ''}")  # noqa: S608 - names of our own models
        return int(cursor.fetchone()[0])

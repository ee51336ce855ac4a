"""Bringing rows of a backup back into a database, table by table, in the caller's transaction.

The backup lies in a scratch database of today's shape. What may happen to a row is decided by what
its model says (`backups.content`) and by three rules that hold everywhere: what was made or
changed here since the backup stays unless the operator takes the backup's side; security state
never goes back; a row never comes back without what it refers to.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.core.management.color import no_style
from django.db import IntegrityError, connections, transaction
from django.db.models import ForeignKey, Model
from django.utils.translation import gettext_noop

from audit.models import Tombstone
from backups import content, faults, rows, verifying
from backups.content import Table
from core import keyring, sealing
from core.fields import SealedField

REPLACE, MISSING, USER = "replace", "missing", "user"
LISTED = 200
Row = rows.Row
Tick = Callable[[int], None]

BURIED = gettext_noop("deleted for the sake of security")
REMOVED = gettext_noop("removed here since")
ORPHAN = gettext_noop("what it belongs to is not there")
IN_THE_WAY = gettext_noop("something else has its place")


class RestoreRefused(Exception):
    """The restore cannot be done, and nothing was changed."""


class ForeignRow(RestoreRefused):
    """A row of one user's vault is somebody else's here."""

    def __init__(self, label: str) -> None:
        super().__init__(f"A row of {label} belongs to another user here than in the backup.")


class OtherInstallation(RestoreRefused):
    """Its lasting keys are not ours: restored codes and events could not be checked any more."""

    def __init__(self) -> None:
        super().__init__(
            "This backup comes from another installation. Restore it into an empty one; from here"
            " only one user's vault can be taken."
        )


class UserNotThere(RestoreRefused):
    """The user whose vault is wanted is not in the backup, or has no account here."""

    def __init__(self, where: str) -> None:
        super().__init__(f"There is no such user {where}.")


@dataclass(frozen=True)
class Wish:
    """What somebody wants of a backup."""

    mode: str
    user: UUID | None = None
    takes_backup_side: bool = False
    # (model label, key) of rows to bring back although security holds them back.
    brought_back: frozenset[tuple[str, str]] = frozenset()


@dataclass
class Counts:
    """What was found of one table, and what was done."""

    same: int = 0
    changed_in_backup: int = 0
    changed_here: int = 0
    missing: int = 0
    new: int = 0
    added: int = 0
    replaced: int = 0
    raised: int = 0
    removed: int = 0
    held: int = 0

    @property
    def changes(self) -> int:
        return self.added + self.replaced + self.raised + self.removed


@dataclass
class Report:
    is_bare: bool = False
    tables: dict[str, Counts] = field(default_factory=dict)
    conflicts: list[dict[str, str]] = field(default_factory=list)
    held: list[dict[str, str]] = field(default_factory=list)

    @property
    def changes(self) -> int:
        return sum(counts.changes for counts in self.tables.values())

    def as_json(self) -> dict[str, Any]:
        return {
            "is_bare": self.is_bare,
            "changes": self.changes,
            "tables": {label: vars(counts) for label, counts in self.tables.items()},
            "conflicts": self.conflicts,
            "held": self.held,
        }


@dataclass
class Restorer:
    """One restore of a scratch database (`source`) into a live one (`target`)."""

    source: str
    target: str
    wish: Wish
    ring: Mapping[str, bytes] = field(repr=False)
    # When the backup was made, as rows write times.
    made_at: str
    tick: Tick | None = None
    report: Report = field(default_factory=Report)
    concerned: set[str] = field(default_factory=set)
    _done: int = 0

    def run(self) -> Report:
        """Do it; raises RestoreRefused. The caller commits, or does not."""
        users = _user_model()
        self.report.is_bare = rows.count(self.target, users) == 0
        if self.wish.mode == USER:
            self._check_user(users)
        self._make_notebook()
        for table in self._tables():
            self.report.tables[table.label] = Counts()
            _OneTable(self, table).restore()
            faults.point("table")
        if self.wish.mode != USER:
            self._bury()
            self._fill_what_is_kept_live()
        self._drop_empty_counts()
        connections[self.target].check_constraints()
        return self.report

    @property
    def follows_backup(self) -> bool:
        return self.wish.takes_backup_side or self.report.is_bare

    def concerned_users(self) -> list[str]:
        """The users of whom something was changed, as keys."""
        return self._notes("concerned", "", None)

    def note(self, what: str, label: str, keys: Iterable[str]) -> None:
        """Remember rows in the scratch, as memory would not hold a million of them."""
        raw = connections[self.source].connection
        raw.executemany(
            "INSERT OR IGNORE INTO restore_notes VALUES (?, ?, ?)",
            [(what, label, str(key)) for key in keys],
        )

    def noted(self, what: str, label: str, keys: Iterable[Any]) -> set[str]:
        return set(self._notes(what, label, [str(key) for key in keys]))

    def worked(self, count: int) -> None:
        self._done += count
        faults.point("batch")
        if self.tick:
            self.tick(self._done)

    def conflict(self, table: Table, key: str, here: Any, there: Any) -> None:
        if len(self.report.conflicts) < LISTED:
            self.report.conflicts.append(
                {
                    "table": table.label,
                    "key": rows.dashed(table.key, key),
                    "here": str(here or ""),
                    "backup": str(there or ""),
                }
            )

    def held(self, table: Table, key: str, why: str) -> None:
        self.report.tables[table.label].held += 1
        if len(self.report.held) < LISTED:
            self.report.held.append(
                {"table": table.label, "key": rows.dashed(table.key, key), "why": why}
            )

    def _tables(self) -> list[Table]:
        if self.wish.mode == USER:
            return content.vault_tables()
        found = [content.table(model) for model in content.in_order(content.stored_models())]
        return [table for table in found if table.policy in {content.ROWS, content.MONOTONE}]

    def _check_user(self, users: type[Model]) -> None:
        key = self.wish.user.hex if self.wish.user else ""
        if key not in rows.existing(self.source, users._meta.pk, [key]):
            raise UserNotThere("in the backup")
        if key not in rows.existing(self.target, users._meta.pk, [key]):
            raise UserNotThere("here; bring the account back first")

    def _make_notebook(self) -> None:
        raw = connections[self.source].connection
        raw.execute("DROP TABLE IF EXISTS restore_notes")
        raw.execute(
            "CREATE TABLE restore_notes (what TEXT, label TEXT, key TEXT,"
            " PRIMARY KEY (what, label, key)) WITHOUT ROWID"
        )

    def _notes(self, what: str, label: str, keys: list[str] | None) -> list[str]:
        raw = connections[self.source].connection
        if keys is None:
            query = "SELECT key FROM restore_notes WHERE what = ? AND label = ?"
            return [row[0] for row in raw.execute(query, (what, label))]
        found: list[str] = []
        for some in rows.chunks(keys, rows.BATCH):
            marks = ", ".join("?" * len(some))
            query = (
                f"SELECT key FROM restore_notes WHERE what = ? AND label = ? AND key IN ({marks})"  # noqa: S608 - question marks alone
            )
            found += [row[0] for row in raw.execute(query, (what, label, *some))]
        return found

    def _bury(self) -> None:
        """Delete what the backup says was deleted for the sake of security."""
        added = set(self._notes("added", Tombstone._meta.label, None))
        if not added or self.report.is_bare:
            return
        buried = Tombstone.objects.using(self.target).filter(pk__in=[UUID(key) for key in added])
        for table in self._tables():
            if not table.tombstone:
                continue
            ids = list(buried.filter(kind=table.tombstone).values_list("object_id", flat=True))
            gone = table.model._base_manager.using(self.target).filter(pk__in=ids)
            self.report.tables[table.label].removed += gone.count()
            gone.delete()

    def _fill_what_is_kept_live(self) -> None:
        """Logs come back where there is none at all; where there is one it is never touched."""
        by_app: dict[str, list[Table]] = {}
        for model in content.in_order(content.stored_models()):
            table = content.table(model)
            if table.policy == content.KEEP_LIVE:
                by_app.setdefault(_home(model), []).append(table)
        for tables in by_app.values():
            if any(rows.count(self.target, table.model) for table in tables):
                continue
            for table in tables:
                self.report.tables[table.label] = Counts()
                _OneTable(self, table).fill()
        self._reset_sequences()

    def _reset_sequences(self) -> None:
        connection = connections[self.target]
        models = list(content.stored_models())
        with connection.cursor() as cursor:
            for query in connection.ops.sequence_reset_sql(no_style(), models):
                cursor.execute(query)

    def _drop_empty_counts(self) -> None:
        self.report.tables = {
            label: counts
            for label, counts in self.report.tables.items()
            if any(vars(counts).values())
        }


class _OneTable:
    """What is done with one table."""

    def __init__(self, whole: Restorer, table: Table) -> None:
        self.whole, self.table, self.wish = whole, table, whole.wish
        self.source, self.target = whole.source, whole.target
        self.counts = whole.report.tables[table.label]
        self.columns = {column: place for place, column in enumerate(table.columns)}
        self.key_place = table.columns.index(rows.column(table.key))
        self.sealed = [f for f in table.fields if isinstance(f, SealedField)]
        self.json = {place for place, f in enumerate(table.fields) if rows.is_json(f)}
        path = content.owner_path(table.model)
        self.owner = path[0] if path and len(path) == 1 else None
        self.path = path
        self.matched = 0

    def restore(self) -> None:
        if self.table.is_link:
            _Links(self).restore()
            return
        for batch in rows.in_batches(self.source, self.table.model, self._of_user()):
            self._batch(batch)
            self.whole.worked(len(batch))
        self._look_at_new_rows()

    def fill(self) -> None:
        """All rows as they are, into an empty table."""
        for batch in rows.in_batches(self.source, self.table.model):
            self.counts.missing += len(batch)
            ready = [self._resealed(row) for row in self._translated(batch)]
            rows.insert(self.target, self.table.model, self.table.fields, ready)
            self.counts.added += len(ready)
            self.whole.worked(len(batch))

    # What is there

    def _batch(self, batch: list[Row]) -> None:
        live = self._live(batch)
        missing = []
        for row in batch:
            here = live.get(row[self.key_place])
            if here is None:
                missing.append(row)
            else:
                self.matched += 1
                self._compare(row, here)
        self.counts.missing += len(missing)
        if missing:
            self._add(missing)

    def _live(self, batch: list[Row]) -> dict[Any, Row]:
        if self.whole.report.is_bare and self._is_empty:
            return {}
        found = {}
        for some in rows.chunks([row[self.key_place] for row in batch], rows.BATCH):
            for row in self._read_live(some):
                found[row[self.key_place]] = row
        return found

    @property
    def _is_empty(self) -> bool:
        if not hasattr(self, "_was_empty"):
            self._was_empty = rows.count(self.target, self.table.model) == 0
        return self._was_empty

    def _read_live(self, keys: Sequence[Any]) -> list[Row]:
        connection = connections[self.target]
        column = connection.ops.quote_name(rows.column(self.table.key))
        marks = ", ".join(["%s"] * len(keys))
        params = [rows.parameter(connection, self.table.key, key) for key in keys]
        return rows.read(self.target, self.table.model, f"WHERE {column} IN ({marks})", params)

    # Rows that are on both sides

    def _compare(self, row: Row, here: Row) -> None:
        if self.wish.mode == USER:
            self._check_owner(row, here)
        plain, raised = self._differences(row, here)
        key = row[self.key_place]
        if plain:
            is_newer = self._is_newer_here(row, here)
            if is_newer:
                self.counts.changed_here += 1
                self.whole.conflict(self.table, key, self._clock(here), self._clock(row))
            else:
                self.counts.changed_in_backup += 1
            may = not is_newer or self.whole.follows_backup
            if self.wish.mode == MISSING and not self.whole.report.is_bare:
                may = False
            if not may:
                # What differs elsewhere may need another counter: the row here stays whole.
                self.whole.note("kept", self.table.label, [key])
                return
        elif not raised:
            self.counts.same += 1
            return
        if self._write(key, row, plain | raised):
            if plain:
                self.counts.replaced += 1
            else:
                self.counts.raised += 1
            self._concern([row])

    def _differences(self, row: Row, here: Row) -> tuple[set[str], set[str]]:
        """Columns that the backup would change, and those it may raise or set for good."""
        table = self.table
        plain, raised = set(), set()
        for column, place in self.columns.items():
            there, live = row[place], here[place]
            if there == live or column == table.key.column or column in table.kept:
                continue
            if column in table.highest:
                if there is not None and (live is None or there > live):
                    raised.add(column)
            elif column in table.stays_set:
                if live in (None, "") and there not in (None, ""):
                    raised.add(column)
            elif table.policy == content.ROWS and not self._equal(place, row, here):
                plain.add(column)
        return plain, raised

    def _equal(self, place: int, row: Row, here: Row) -> bool:
        there, live = row[place], here[place]
        if place in self.json and there is not None and live is not None:
            return bool(json.loads(there) == json.loads(live))
        column = self.table.fields[place]
        if isinstance(column, SealedField) and there and live:
            return self._open(column, row, self.whole.ring) == self._open(
                column, here, keyring.ring().keys
            )
        if isinstance(column, ForeignKey) and column.related_model._meta.label in content.BY_NAME:
            return bool(self._translate(column, [there]).get(there) == live)
        return False

    def _is_newer_here(self, row: Row, here: Row) -> bool:
        if self.whole.report.is_bare:
            return False
        clock, there = self._clock(here), self._clock(row)
        if clock is None or there is None:
            return True
        return bool(clock > self.whole.made_at or clock > there)

    def _clock(self, row: Row) -> Any:
        return row[self.columns[self.table.clock]] if self.table.clock else None

    def _write(self, key: Any, row: Row, columns: set[str]) -> bool:
        ready = self._resealed(self._translated([row])[0]) if columns else row
        fields = [field for field in self.table.fields if field.column in columns]
        values = [ready[self.columns[rows.column(field)]] for field in fields]
        try:
            with transaction.atomic(using=self.target):
                rows.update(self.target, self.table.model, fields, key, values)
        except IntegrityError:
            self.whole.held(self.table, key, IN_THE_WAY)
            return False
        return True

    # Rows that are only in the backup

    def _add(self, missing: list[Row]) -> None:
        if not self.whole.report.is_bare:
            missing = self._let_through(missing)
        missing = self._with_references(self._translated(missing))
        ready = [self._resealed(row) for row in missing]
        added = rows.insert(
            self.target, self.table.model, self.table.fields, ready, returning=self.table.key
        )
        added = added or set()
        for row in ready:
            if row[self.key_place] not in added:
                self.whole.held(self.table, row[self.key_place], IN_THE_WAY)
        self.counts.added += len(added)
        if not self.whole.report.is_bare:
            self.whole.note("added", self.table.label, added)
        self._concern([row for row in ready if row[self.key_place] in added])

    def _let_through(self, missing: list[Row]) -> list[Row]:
        """Those that security does not hold back, or that were chosen one by one."""
        chosen = {key for label, key in self.wish.brought_back if label == self.table.label}
        buried = self._buried(missing)
        alive = self._with_living_owner(missing)
        passed = []
        for row in missing:
            key = rows.dashed(self.table.key, row[self.key_place])
            if key in chosen:
                passed.append(row)
            elif key in buried:
                self.whole.held(self.table, row[self.key_place], BURIED)
            elif row[self.key_place] in alive:
                self.whole.held(self.table, row[self.key_place], REMOVED)
            else:
                passed.append(row)
        return passed

    def _buried(self, missing: list[Row]) -> set[str]:
        if not self.table.tombstone:
            return set()
        keys = [rows.dashed(self.table.key, row[self.key_place]) for row in missing]
        stones = Tombstone.objects.using(self.target).filter(kind=self.table.tombstone)
        return set(stones.filter(object_id__in=keys).values_list("object_id", flat=True))

    def _with_living_owner(self, missing: list[Row]) -> set[Any]:
        """Security rows whose user was here all the time: they were removed, not lost."""
        if self.table.policy != content.MONOTONE or self.owner is None:
            return set()
        place = self.columns[rows.column(self.owner)]
        owners = {row[place] for row in missing}
        users = _user_model()
        living = rows.existing(self.target, users._meta.pk, owners)
        living -= self.whole.noted("added", users._meta.label, living)
        return {row[self.key_place] for row in missing if row[place] in living}

    def _with_references(self, missing: list[Row]) -> list[Row]:
        """Only rows whose references lead somewhere; optional ones are emptied instead."""
        passed = missing
        for reference in self.table.references:
            target = reference.target_field
            if target.model._meta.label in content.BY_NAME:
                continue
            place = self.columns[rows.column(reference)]
            wanted = {row[place] for row in passed if row[place] is not None}
            there = rows.existing(self.target, target, wanted)
            if target.model is self.table.model:
                # Of the same table: the other row comes in this very restore.
                there |= rows.existing(self.source, target, wanted - there)
            passed = self._check_reference(reference, passed, place, there)
        return passed

    def _check_reference(
        self, reference: ForeignKey[Any, Any], batch: list[Row], place: int, there: set[Any]
    ) -> list[Row]:
        passed = []
        for row in batch:
            if row[place] is None or row[place] in there:
                passed.append(row)
            elif reference.null:
                passed.append([*row[:place], None, *row[place + 1 :]])
            else:
                self.whole.held(self.table, row[self.key_place], ORPHAN)
        return passed

    # Rows that are only here

    def _look_at_new_rows(self) -> None:
        where = self._of_user()
        if self.whole.report.is_bare:
            return
        total = self._count_live(where)
        self.counts.new += total - self.matched - self.counts.added
        may = (
            self.table.policy == content.ROWS
            and self.wish.takes_backup_side
            and self.wish.mode != MISSING
            and self.table.model.__dict__.get("restore_removes", True)
        )
        if may and self.counts.new:
            for batch in rows.in_batches(self.target, self.table.model, where):
                self._remove_new(batch)

    def _remove_new(self, batch: list[Row]) -> None:
        keys = {row[self.key_place] for row in batch}
        new = keys - rows.existing(self.source, self.table.key, keys)
        if not new:
            return
        gone = [row for row in batch if row[self.key_place] in new]
        self._concern(gone)
        found = self.table.model._base_manager.using(self.target).filter(
            pk__in=[rows.dashed(self.table.key, key) for key in new]
        )
        found.delete()
        self.counts.removed += len(new)
        self.whole.worked(len(new))

    def _count_live(self, where: str) -> int:
        connection = connections[self.target]
        name = connection.ops.quote_name(self.table.name)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {name}{f' WHERE {where}' if where else ''}")  # noqa: S608 - names of our own models
            return int(cursor.fetchone()[0])

    # Whose they are

    def _of_user(self) -> str:
        """The condition that a row belongs to the one user; ids are hexadecimal digits."""
        if self.wish.mode != USER or self.wish.user is None or not self.path:
            return ""
        condition = f"'{self.wish.user.hex}'"
        inner = self.path[-1]
        quoted = connections[self.source].ops.quote_name
        query = f"{quoted(inner.column)} = {condition}"
        for link in reversed(self.path[:-1]):
            parent = link.related_model
            key, name = quoted(parent._meta.pk.column), quoted(parent._meta.db_table)
            query = f"{quoted(link.column)} IN (SELECT {key} FROM {name} WHERE {query})"  # noqa: S608 - names of our own models, an id in hexadecimal
        return query

    def _check_owner(self, row: Row, here: Row) -> None:
        if self.owner is not None:
            place = self.columns[rows.column(self.owner)]
            if row[place] != here[place]:
                raise ForeignRow(self.table.label)

    def _concern(self, touched: list[Row]) -> None:
        users = _user_model()
        if self.table.model is users:
            self.whole.note("concerned", "", [row[self.key_place] for row in touched])
        elif self.owner is not None:
            place = self.columns[rows.column(self.owner)]
            self.whole.note("concerned", "", {row[place] for row in touched})

    # Values that mean something else here

    def _translated(self, batch: list[Row]) -> list[Row]:
        for reference in self.table.references:
            if reference.related_model._meta.label not in content.BY_NAME:
                continue
            place = self.columns[rows.column(reference)]
            names = self._translate(reference, [row[place] for row in batch])
            batch = [[*row[:place], names.get(row[place]), *row[place + 1 :]] for row in batch]
        return batch

    def _translate(self, reference: ForeignKey[Any, Any], values: list[Any]) -> dict[Any, Any]:
        """Numbers of the backup to numbers here, for rows that both have under a name."""
        model = reference.related_model
        by_name = content.BY_NAME[model._meta.label]
        wanted = {value for value in values if value is not None}
        there = model._base_manager.using(self.source).filter(pk__in=wanted)
        found = {}
        for row in there:
            names = {column: getattr(row, column) for column in by_name}
            if "content_type_id" in names:
                link = model._meta.get_field("content_type")
                own = self._translate(
                    cast("ForeignKey[Any, Any]", link), [names["content_type_id"]]
                )
                names["content_type_id"] = own.get(names["content_type_id"])
            here = model._base_manager.using(self.target).filter(**names).first()
            if here is not None:
                found[row.pk] = here.pk
        return found

    def _resealed(self, row: Row) -> Row:
        """The row with its sealed values under this site's current master key."""
        ring = keyring.ring()
        ready = row
        for column in self.sealed:
            place = self.columns[rows.column(column)]
            token = row[place]
            if not token:
                continue
            key_id = token.partition(":")[0]
            is_ours = ring.keys.get(key_id) == self.whole.ring.get(key_id)
            if is_ours and key_id == ring.current:
                continue
            if ready is row:
                ready = list(row)
            plain = self._open(column, row, self.whole.ring)
            purpose, owner, where = verifying.sealed_address(self.table.model, column.name, row)
            ready[place] = sealing.seal(purpose, owner, where, plain)
        return ready

    def _open(self, column: SealedField, row: Row, ring: Mapping[str, bytes]) -> bytes:
        purpose, owner, where = verifying.sealed_address(self.table.model, column.name, row)
        token = row[self.columns[rows.column(column)]]
        return sealing.unseal_with(ring, purpose, owner, where, token)


class _Links:
    """A table that joins two others: its rows are pairs, whatever their number."""

    def __init__(self, one: _OneTable) -> None:
        self.one, self.whole, self.table = one, one.whole, one.table
        self.first, self.second = self.table.references[:2]
        self.parent = cast("type[Model]", self.table.model._meta.auto_created)
        self.fields = [self.first, self.second]

    def restore(self) -> None:
        where = self.one._of_user()
        for batch in rows.in_batches(self.whole.source, self.table.model, where):
            self._batch([self._pair(row) for row in batch])
            self.whole.worked(len(batch))
        if self.whole.wish.takes_backup_side and self.whole.wish.mode != MISSING:
            for batch in rows.in_batches(self.whole.target, self.table.model, where):
                self._remove_surplus(batch)

    def _batch(self, pairs: list[tuple[Any, Any]]) -> None:
        pairs = self._eligible(pairs)
        there = self._pairs(self.whole.target, {first for first, _ in pairs})
        missing = [pair for pair in pairs if pair not in there]
        self.one.counts.same += len(pairs) - len(missing)
        self.one.counts.missing += len(missing)
        for place, reference in enumerate(self.fields):
            wanted = {pair[place] for pair in missing}
            ends = rows.existing(self.whole.target, reference.target_field, wanted)
            missing = [pair for pair in missing if pair[place] in ends]
        if missing:
            rows.insert(
                self.whole.target, self.table.model, self.fields, [list(pair) for pair in missing]
            )
            self.one.counts.added += len(missing)

    def _eligible(self, pairs: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
        """Links follow the row they belong to: where that one stays as it is, so do they."""
        if self.whole.report.is_bare:
            return pairs
        label = self.parent._meta.label
        firsts = {first for first, _ in pairs}
        if self.whole.wish.mode == MISSING:
            chosen = self.whole.noted("added", label, firsts)
        else:
            chosen = {str(key) for key in firsts} - self.whole.noted("kept", label, firsts)
        return [pair for pair in pairs if str(pair[0]) in chosen]

    def _remove_surplus(self, batch: list[Row]) -> None:
        pairs = {self._pair(row): row[self.one.key_place] for row in batch}
        firsts = {first for first, _ in self._eligible(list(pairs))}
        firsts &= rows.existing(self.whole.source, self.first.target_field, firsts)
        kept = self._pairs(self.whole.source, firsts)
        surplus = [key for pair, key in pairs.items() if pair[0] in firsts and pair not in kept]
        rows.delete(self.whole.target, self.table.model, surplus)
        self.one.counts.removed += len(surplus)

    def _pairs(self, alias: str, firsts: set[Any]) -> set[tuple[Any, Any]]:
        connection = connections[alias]
        found: set[tuple[Any, Any]] = set()
        column = connection.ops.quote_name(rows.column(self.first))
        for some in rows.chunks(firsts, rows.BATCH):
            marks = ", ".join(["%s"] * len(some))
            params = [rows.parameter(connection, self.first, value) for value in some]
            tail = f"WHERE {column} IN ({marks})"
            found |= {self._pair(row) for row in rows.read(alias, self.table.model, tail, params)}
        return found

    def _pair(self, row: Row) -> tuple[Any, Any]:
        columns = self.one.columns
        return row[columns[rows.column(self.first)]], row[columns[rows.column(self.second)]]


def _user_model() -> type[Model]:
    from django.apps import apps

    return apps.get_model(settings.AUTH_USER_MODEL)


def _home(model: type[Model]) -> str:
    return str(model._meta.app_label)

"""Reading the whole database as it was at one instant, without holding anybody up.

PostgreSQL: a connection of its own in one REPEATABLE READ transaction, rows through a server-side
cursor. SQLite: a connection of its own, opened read-only, in one read transaction; in WAL mode it
blocks no writer. Both in bounded memory.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

from backups import rows

# Where each row is small; of large ones it takes fewer.
AT_ONCE = 1000
Rows = Iterator[list[str]]


class Snapshot:
    """One instant of the live database."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self.alias, self.vendor = connection.alias, connection.vendor

    def read(self, model: type[Model]) -> Rows:
        """The rows of a table as JSON arrays, some at a time, in the order of their key."""
        raise NotImplementedError

    def one(self, query: str) -> list[Any]:
        """All rows of a small query."""
        raise NotImplementedError


@contextlib.contextmanager
def take(alias: str = DEFAULT_DB_ALIAS) -> Iterator[Snapshot]:
    live = connections[alias]
    opener = _postgresql if live.vendor == "postgresql" else _sqlite
    with opener(live) as snapshot:
        yield snapshot


class _Sqlite(Snapshot):
    def __init__(self, connection: BaseDatabaseWrapper, raw: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._raw = raw

    def read(self, model: type[Model]) -> Rows:
        cursor = self._raw.execute(rows.select_json(self.connection, model))
        for batch in rows.bounded(cursor.fetchmany, [0], rows=AT_ONCE):
            yield [row[0] for row in batch]

    def one(self, query: str) -> list[Any]:
        return self._raw.execute(query).fetchall()


class _Postgresql(Snapshot):
    def __init__(self, connection: BaseDatabaseWrapper, raw: Any) -> None:
        super().__init__(connection)
        self._raw = raw

    def read(self, model: type[Model]) -> Rows:
        from psycopg import ServerCursor

        with ServerCursor(self._raw, f"backup_{model._meta.db_table}"[:60]) as cursor:
            cursor.execute(rows.select_json(self.connection, model))
            for batch in rows.bounded(cursor.fetchmany, [0], rows=AT_ONCE):
                yield [row[0] for row in batch]

    def one(self, query: str) -> list[Any]:
        return list(self._raw.execute(query).fetchall())


@contextlib.contextmanager
def _sqlite(live: BaseDatabaseWrapper) -> Iterator[Snapshot]:
    path = str(live.settings_dict["NAME"])
    raw = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, isolation_level=None, timeout=20)
    try:
        raw.execute("PRAGMA cache_size=-8000")
        raw.execute("BEGIN")
        # The instant is that of the first read, not of BEGIN.
        raw.execute("SELECT count(*) FROM sqlite_master").fetchone()
        yield _Sqlite(live, raw)
    finally:
        raw.close()


@contextlib.contextmanager
def _postgresql(live: BaseDatabaseWrapper) -> Iterator[Snapshot]:
    own = live.copy()
    try:
        own.ensure_connection()
        raw = own.connection
        raw.autocommit = False
        raw.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        raw.execute("SELECT 1").fetchone()
        yield _Postgresql(own, raw)
    finally:
        own.close()

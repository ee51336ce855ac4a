"""A scratch database: a temporary SQLite file that a backup is loaded into and looked at.

It never is the live database, and nothing of it stays.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.models import Model

from backups import container, content, keys, schema

PREFIX = "scratch-"
STALE_SECONDS = 6 * 3600
# Kept back in pages of 4 KiB: 24 MB, whatever the size of the file.
PRAGMAS = (
    "PRAGMA journal_mode=OFF",
    "PRAGMA synchronous=OFF",
    "PRAGMA cache_size=-8000",
    "PRAGMA temp_store=FILE",
    "PRAGMA foreign_keys=OFF",
    "PRAGMA locking_mode=EXCLUSIVE",
)
LOAD_AT_ONCE = 1000
LOAD_BYTES = 1024 * 1024
# Values that no row of ours holds; a full disk is another matter.
LOAD_FAULTS = (
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    sqlite3.DataError,
    OverflowError,
    UnicodeError,
)
Tick = Callable[[int], None]


class DoesNotFit(container.ContainerRefused):
    """The file is whole, but its rows do not fit together."""


def folder() -> Path:
    path = Path(settings.VAR) / "backup-work"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def sweep() -> None:
    """Delete what a killed process left behind."""
    for path in folder().glob(f"{PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def database(copy_of: str | None = None) -> Iterator[str]:
    """A new SQLite database of Django's for a while; the answer is its alias."""
    sweep()
    place = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder()))
    file = place / "scratch.sqlite3"
    alias = f"scratch_{secrets.token_hex(6)}"
    try:
        if copy_of is not None:
            _copy_sqlite(copy_of, file)
        connections.databases[alias] = _database_settings(file)
        connections[alias].connect()
        with connections[alias].cursor() as cursor:
            for pragma in PRAGMAS:
                cursor.execute(pragma)
        yield alias
    finally:
        with contextlib.suppress(Exception):
            connections[alias].close()
        connections.databases.pop(alias, None)
        with contextlib.suppress(AttributeError):
            delattr(connections._connections, alias)  # type: ignore[attr-defined]
        shutil.rmtree(place, ignore_errors=True)


def load(alias: str, reader: container.Reader, tick: Tick | None = None) -> dict[str, int]:
    """Fill a scratch database with a whole container, and check that it fits together.

    An earlier release's rows go into the tables of that release, which are then migrated. Raises
    ContainerRefused or schema.NewerRelease.
    """
    state = reader.header.migrations
    schema.check_known(state)
    is_current = {app: list(names) for app, names in state.items()} == schema.current()
    if is_current:
        models = content.all_models()
        schema.create_at_once(alias, models, state)
    else:
        schema.migrate(alias, state)
        _empty(alias)
        models = content.all_models(schema.models_at(state))
    counts = _load_rows(alias, reader, {model._meta.label: model for model in models}, tick)
    if reader.ending is None or counts != reader.ending.rows:
        raise DoesNotFit("its rows are not as many as its ending says")
    check(alias)
    if not is_current:
        with keys.parse_carried(reader.keys).in_use():
            schema.migrate(alias)
        check(alias)
    return counts


def check(alias: str) -> None:
    """Raise DoesNotFit when a reference leads nowhere."""
    with connections[alias].cursor() as cursor:
        cursor.execute("PRAGMA foreign_key_check")
        broken = cursor.fetchone()
    if broken:
        raise DoesNotFit(f"a row of {broken[0]} refers to a row of {broken[2]} that is not there")


def _load_rows(
    alias: str,
    reader: container.Reader,
    models: dict[str, type[Model]],
    tick: Tick | None,
) -> dict[str, int]:
    counts: dict[str, int] = {}
    raw = connections[alias].connection
    loader: _Loader | None = None
    raw.execute("BEGIN")
    for line in container.lines(reader.content(tick)):
        if line.startswith(b"{"):
            if loader:
                loader.flush()
            head = container.parse_table_head(line)
            if head.model not in models or head.table in counts:
                raise DoesNotFit(f"it holds a table {head.table} that does not belong there")
            counts[head.table] = 0
            loader = _Loader(raw, models[head.model], head)
            continue
        if loader is None:
            raise DoesNotFit("a row stands before any table")
        counts[loader.table] += 1
        loader.add(line)
    if loader:
        loader.flush()
    raw.execute("COMMIT")
    return counts


class _Loader:
    """Collects the rows of one table and hands them to SQLite in batches."""

    def __init__(self, raw: Any, model: type[Model], head: container.TableHead) -> None:
        known = {field.column: field for field in model._meta.local_concrete_fields}
        if model._meta.db_table != head.table or set(head.columns) != set(known):
            raise DoesNotFit(f"the columns of {head.table} are not those of its release")
        self.table = head.table
        self._raw = raw
        self._width = len(head.columns)
        self._waiting: list[bytes] = []
        self._size = 0
        self._binary = [
            place
            for place, column in enumerate(head.columns)
            if known[column].get_internal_type() == "BinaryField"
        ]
        columns = ", ".join(f'"{column}"' for column in head.columns)
        marks = ", ".join("?" * self._width)
        self._query = f'INSERT INTO "{head.table}" ({columns}) VALUES ({marks})'  # noqa: S608 - names of our own models
        raw.execute(f'DELETE FROM "{head.table}"')  # noqa: S608 - as above

    def add(self, line: bytes) -> None:
        self._waiting.append(line)
        self._size += len(line)
        if len(self._waiting) >= LOAD_AT_ONCE or self._size >= LOAD_BYTES:
            self.flush()

    def flush(self) -> None:
        rows = self._parsed()
        try:
            self._raw.executemany(self._query, rows)
        except LOAD_FAULTS:
            # What the database says would quote values of the row.
            raise DoesNotFit(f"rows of {self.table} break a rule of their table") from None
        self._waiting.clear()
        self._size = 0

    def _parsed(self) -> list[list[Any]]:
        """The waiting lines, read at once: one by one each would cost as much as twenty."""
        try:
            rows: list[list[Any]] = json.loads(b"[" + b",".join(self._waiting) + b"]")
        except (ValueError, RecursionError):
            raise DoesNotFit(f"a row of {self.table} cannot be read") from None
        is_whole = len(rows) == len(self._waiting) and set(map(type, rows)) <= {list}
        if not is_whole or set(map(len, rows)) - {self._width}:
            raise DoesNotFit(f"a row of {self.table} has another shape than its table")
        try:
            for place in self._binary:
                for row in rows:
                    row[place] = None if row[place] is None else bytes.fromhex(row[place])
        except (ValueError, TypeError):
            raise DoesNotFit(f"a row of {self.table} cannot be read") from None
        return rows


def _empty(alias: str) -> None:
    """What migrations wrote by themselves goes: the backup has it all."""
    connection = connections[alias]
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names(cursor):
            if name != "django_migrations":
                cursor.execute(f'DELETE FROM "{name}"')  # noqa: S608 - names of the scratch itself


def _copy_sqlite(source: str, file: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as live,
        contextlib.closing(sqlite3.connect(file)) as copy,
    ):
        live.backup(copy, pages=2000)
    os.chmod(file, 0o600)  # noqa: PTH101 - beside sqlite3's own path


def _database_settings(file: Path) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(file),
        "OPTIONS": {"transaction_mode": "DEFERRED", "timeout": 20},
        "ATOMIC_REQUESTS": False,
        "AUTOCOMMIT": True,
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": False,
        "TIME_ZONE": None,
        "USER": "",
        "PASSWORD": "",
        "HOST": "",
        "PORT": "",
        "TEST": {"CHARSET": None, "COLLATION": None, "MIGRATE": True, "MIRROR": None, "NAME": None},
    }
    return wanted

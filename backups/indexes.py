"""Indexes of tables that are about to be filled: built once at the end instead of row by row.

A million rows in no order would touch a page of each index for every row. Those that keep rows
unique stay where they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

SQLITE = (
    "SELECT name, sql FROM sqlite_master"
    " WHERE type = 'index' AND tbl_name = %s AND sql LIKE 'CREATE INDEX %%'"
)
POSTGRESQL = (
    "SELECT relname, pg_get_indexdef(indexrelid) FROM pg_index"
    " JOIN pg_class ON pg_class.oid = indexrelid"
    " WHERE indrelid = %s::regclass AND NOT indisunique AND NOT indisexclusion"
)


@contextmanager
def set_aside(alias: str, tables: Iterable[str]) -> Iterator[None]:
    """Within the caller's transaction. No check of a reference may be open at the end of it."""
    connection = connections[alias]
    taken: list[str] = []
    for table in tables:
        for name, statement in plain(connection, table):
            with connection.cursor() as cursor:
                cursor.execute(f"DROP INDEX {connection.ops.quote_name(name)}")
            taken.append(statement)
    yield
    for statement in taken:
        with connection.cursor() as cursor:
            cursor.execute(statement)


def plain(connection: BaseDatabaseWrapper, table: str) -> list[tuple[str, str]]:
    """Name and statement of each index of a table that does not make anything unique."""
    is_postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        query = POSTGRESQL if is_postgresql else SQLITE
        cursor.execute(query, [connection.ops.quote_name(table) if is_postgresql else table])
        return [(str(name), str(statement)) for name, statement in cursor.fetchall()]

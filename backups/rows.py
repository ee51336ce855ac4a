"""Rows as text that every database understands, read and written without making objects.

A row is one JSON array, a value per column, in the form SQLite keeps it in: numbers, text, UUIDs
as 32 hexadecimal digits, times as `YYYY-MM-DD HH:MM:SS[.ffffff]` in UTC, yes and no as 1 and 0,
JSON as its text, bytes as hexadecimal digits. The database itself writes the array, so that
reading costs the same as copying.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Model

Row = list[Any]
BATCH = 500
READ_AT_ONCE = 2000


def select(connection: BaseDatabaseWrapper, model: type[Model], tail: str = "") -> str:
    """A query whose one column is a row of the model as a JSON array."""
    quote = connection.ops.quote_name
    columns = [_read(connection.vendor, field, quote) for field in _fields(model)]
    function = "json_build_array" if connection.vendor == "postgresql" else "json_array"
    cast = "::text" if connection.vendor == "postgresql" else ""
    table = quote(model._meta.db_table)
    query = f"SELECT {function}({', '.join(columns)}){cast} FROM {table} {tail}"  # noqa: S608 - names of our own models, quoted
    return query.rstrip()


def read(alias: str, model: type[Model], tail: str = "", params: Sequence[Any] = ()) -> list[Row]:
    """Rows of a model, all at once: for batches that are known to be small."""
    connection = connections[alias]
    with connection.cursor() as cursor:
        cursor.execute(select(connection, model, tail), list(params))
        return [json.loads(row[0]) for row in cursor.fetchall()]


def in_batches(alias: str, model: type[Model], where: str = "") -> Iterator[list[Row]]:
    """All rows in the order of their key, a batch at a time, with no cursor left open between."""
    connection = connections[alias]
    key = model._meta.pk
    name = f"{connection.ops.quote_name(column(key))}{_collation(connection, key)}"
    place = _fields(model).index(key)
    condition: str = where
    params: list[Any] = []
    while True:
        tail = f"{f'WHERE {condition}' if condition else ''} ORDER BY {name} LIMIT {BATCH}"
        batch = read(alias, model, tail, params)
        if batch:
            yield batch
        if len(batch) < BATCH:
            return
        after = f"{name} > %s"
        condition = f"({where}) AND {after}" if where else after
        params = [parameter(connection, key, batch[-1][place])]


def count(alias: str, model: type[Model]) -> int:
    return int(model._base_manager.using(alias).count())


def existing(alias: str, field: Field[Any, Any], values: Iterable[Any]) -> set[Any]:
    """Which of these portable values stand in a column, as portable values."""
    connection = connections[alias]
    found: set[Any] = set()
    quote = connection.ops.quote_name
    for some in chunks(sorted(set(values), key=str), BATCH):
        marks = ", ".join(["%s"] * len(some))
        shown = _read(connection.vendor, field, quote)
        query = (
            f"SELECT {shown} FROM {quote(field.model._meta.db_table)}"  # noqa: S608 - as above
            f" WHERE {quote(column(field))} IN ({marks})"
        )
        with connection.cursor() as cursor:
            cursor.execute(query, [parameter(connection, field, value) for value in some])
            found.update(row[0] for row in cursor.fetchall())
    return found


def insert(
    alias: str,
    model: type[Model],
    fields: Sequence[Field[Any, Any]],
    batch: Sequence[Row],
    returning: Field[Any, Any] | None = None,
) -> set[Any] | None:
    """Add rows, passing over those that are in the way of a uniqueness; answers the keys added."""
    connection = connections[alias]
    quote = connection.ops.quote_name
    convert = [writer(connection, field) for field in fields]
    columns = ", ".join(quote(column(field)) for field in fields)
    table = quote(model._meta.db_table)
    one = f"({', '.join(['%s'] * len(fields))})"
    added: set[Any] = set()
    # SQLite takes 32 766 parameters in one statement.
    for some in chunks(batch, max(1, min(BATCH, 30_000 // max(1, len(fields))))):
        params = [change(value) for row in some for change, value in zip(convert, row, strict=True)]
        query = (
            f"INSERT INTO {table} ({columns}) VALUES {', '.join([one] * len(some))}"  # noqa: S608 - as above
            " ON CONFLICT DO NOTHING"
        )
        if returning is not None:
            query += f" RETURNING {_read(connection.vendor, returning, quote)}"
        with connection.cursor() as cursor:
            cursor.execute(query, params)
            if returning is not None:
                added.update(row[0] for row in cursor.fetchall())
    return added if returning is not None else None


def update(
    alias: str,
    model: type[Model],
    fields: Sequence[Field[Any, Any]],
    key: Any,
    values: Row,
) -> None:
    """Write some columns of one row."""
    connection = connections[alias]
    quote = connection.ops.quote_name
    pairs = ", ".join(f"{quote(column(field))} = %s" for field in fields)
    pk = model._meta.pk
    query = f"UPDATE {quote(model._meta.db_table)} SET {pairs} WHERE {quote(column(pk))} = %s"  # noqa: S608 - as above
    params = [writer(connection, f)(value) for f, value in zip(fields, values, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(query, [*params, parameter(connection, pk, key)])


def delete(alias: str, model: type[Model], keys: Sequence[Any]) -> None:
    connection = connections[alias]
    quote = connection.ops.quote_name
    pk = model._meta.pk
    for some in chunks(keys, BATCH):
        marks = ", ".join(["%s"] * len(some))
        query = f"DELETE FROM {quote(model._meta.db_table)} WHERE {quote(column(pk))} IN ({marks})"  # noqa: S608 - as above
        with connection.cursor() as cursor:
            cursor.execute(query, [parameter(connection, pk, key) for key in some])


def parameter(connection: BaseDatabaseWrapper, field: Field[Any, Any], value: Any) -> Any:
    return writer(connection, field)(value)


def writer(connection: BaseDatabaseWrapper, field: Field[Any, Any]) -> Callable[[Any], Any]:
    """How a portable value is handed to a database."""
    kind = _kind(field)
    if kind == "BinaryField":
        return lambda value: None if value is None else bytes.fromhex(value)
    if connection.vendor == "sqlite":
        return _as_it_is
    if kind == "BooleanField":
        return lambda value: None if value is None else bool(value)
    if kind == "DateTimeField":
        return lambda value: None if value is None else f"{value}+00"
    if kind == "DurationField":
        return lambda value: None if value is None else f"{value} microseconds"
    return _as_it_is


def chunks(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    left = iter(items)
    while some := list(islice(left, size)):
        yield some


def _as_it_is(value: Any) -> Any:
    return value


def _fields(model: type[Model]) -> list[Field[Any, Any]]:
    return list(model._meta.local_concrete_fields)


def _kind(field: Field[Any, Any]) -> str:
    target = getattr(field, "target_field", None)
    while target is not None and target is not field:
        field, target = target, getattr(target, "target_field", None)
    return field.get_internal_type()


def _read(vendor: str, field: Field[Any, Any], quote: Callable[[str], str]) -> str:
    name = quote(column(field))
    kind = _kind(field)
    if vendor == "sqlite":
        return f"hex({name})" if kind == "BinaryField" else name
    return {
        "UUIDField": f"replace({name}::text, '-', '')",
        "DateTimeField": (
            f"replace(to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'),"
            " '.000000', '')"
        ),
        "BooleanField": f"{name}::int",
        "BinaryField": f"upper(encode({name}, 'hex'))",
        "JSONField": f"{name}::text",
        "DateField": f"{name}::text",
        "TimeField": f"{name}::text",
        "DecimalField": f"{name}::text",
        "DurationField": f"(extract(epoch FROM {name}) * 1000000)::bigint",
        "GenericIPAddressField": f"host({name})",
    }.get(kind, name)


def _collation(connection: BaseDatabaseWrapper, key: Field[Any, Any]) -> str:
    # SQLite compares text byte by byte; PostgreSQL as its language does, unless it is told.
    is_text = _kind(key) in {"CharField", "TextField", "SlugField", "EmailField"}
    return ' COLLATE "C"' if is_text and connection.vendor == "postgresql" else ""


def column(field: Field[Any, Any]) -> str:
    """The name of a field's column; every stored field has one."""
    return str(field.column)


def is_uuid(field: Field[Any, Any]) -> bool:
    return _kind(field) == "UUIDField"


def is_json(field: Field[Any, Any]) -> bool:
    return _kind(field) == "JSONField"


def dashed(field: Field[Any, Any], value: Any) -> str:
    """A key as the rest of the site writes it."""
    return str(uuid.UUID(value)) if is_uuid(field) and value else str(value)

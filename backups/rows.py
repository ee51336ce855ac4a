"""Rows as text that every database understands, read and written without making objects.

A row has a value per column, in the form SQLite keeps it in: numbers, text, UUIDs as 32
hexadecimal digits, times as `YYYY-MM-DD HH:MM:SS[.ffffff]` in UTC, yes and no as 1 and 0, JSON as
its text, bytes as hexadecimal digits. In a backup it is one JSON array, which the database itself
writes, so that reading costs the same as copying.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Model

# In the order of the columns of its table.
Row = Sequence[Any]
BATCH = 1000
# A note has 64 KB, and a thousand of them would be too many at once.
BATCH_BYTES = 1024 * 1024
FETCHED_AT_ONCE = 100


def select_json(connection: BaseDatabaseWrapper, model: type[Model]) -> str:
    """A query whose one column is a row of the model as a JSON array."""
    columns = ", ".join(_portable(connection, model))
    if connection.vendor == "postgresql":
        return f"SELECT json_build_array({columns})::text FROM {_table(connection, model)}"  # noqa: S608 - names of our own models, quoted
    return f"SELECT json_array({columns}) FROM {_table(connection, model)}"  # noqa: S608 - as above


def read(alias: str, model: type[Model], tail: str = "", params: Sequence[Any] = ()) -> list[Row]:
    """Portable rows of a model, all at once: for batches that are known to be small."""
    with connections[alias].cursor() as cursor:
        cursor.execute(_select(connections[alias], model, tail), list(params))
        return list(cursor.fetchall())


def stream(alias: str, model: type[Model], where: str = "") -> Iterator[list[Row]]:
    """All rows of a scratch in the order of their key, in batches of bounded size."""
    connection = connections[alias]
    key = connection.ops.quote_name(column(model._meta.pk))
    tail = f"{f'WHERE {where}' if where else ''} ORDER BY {key}"
    cursor = connection.connection.cursor()
    try:
        cursor.execute(_select(connection, model, tail))
        yield from bounded(cursor.fetchmany, _large_places(model))
    finally:
        cursor.close()


def bounded(
    fetch: Callable[[int], list[Row]], large: Sequence[int], *, rows: int = BATCH
) -> Iterator[list[Row]]:
    """Batches of what a cursor gives, none with many more rows or bytes than it may have."""
    batch: list[Row] = []
    size = 0
    while some := fetch(FETCHED_AT_ONCE):
        batch += some
        size += sum(len(row[place]) for row in some for place in large if row[place])
        if len(batch) >= rows or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def in_batches(alias: str, model: type[Model], where: str = "") -> Iterator[list[Row]]:
    """All rows in the order of their key, a batch at a time, with no cursor left open between."""
    connection = connections[alias]
    key = model._meta.pk
    name = f"{connection.ops.quote_name(column(key))}{_collation(connection, key)}"
    place = _fields(model).index(key)
    size = FETCHED_AT_ONCE if _large_places(model) else BATCH
    condition: str = where
    params: list[Any] = []
    while True:
        tail = f"{f'WHERE {condition}' if condition else ''} ORDER BY {name} LIMIT {size}"
        batch = read(alias, model, tail, params)
        if batch:
            yield batch
        if len(batch) < size:
            return
        after = f"{name} > %s"
        condition = f"({where}) AND {after}" if where else after
        params = [writer(connection, key)(batch[-1][place])]


def count(alias: str, model: type[Model]) -> int:
    return int(model._base_manager.using(alias).count())


def existing(alias: str, field: Field[Any, Any], values: Iterable[Any]) -> set[Any]:
    """Which of these portable values stand in a column, as portable values."""
    connection = connections[alias]
    found: set[Any] = set()
    quote = connection.ops.quote_name
    write = writer(connection, field)
    shown = _read(connection.vendor, field, quote)
    for some in chunks(sorted(set(values), key=str), BATCH):
        marks = ", ".join(["%s"] * len(some))
        query = (
            f"SELECT {shown} FROM {quote(field.model._meta.db_table)}"  # noqa: S608 - as above
            f" WHERE {quote(column(field))} IN ({marks})"
        )
        with connection.cursor() as cursor:
            cursor.execute(query, [write(value) for value in some])
            found.update(row[0] for row in cursor.fetchall())
    return found


def insert(
    alias: str, model: type[Model], fields: Sequence[Field[Any, Any]], batch: Sequence[Row]
) -> int:
    """Add rows, passing over those that are in the way of a uniqueness; answers how many it took.

    PostgreSQL takes them by COPY, which knows no passing over: where that fails, one by one.
    """
    if not batch:
        return 0
    connection = connections[alias]
    names = ", ".join(connection.ops.quote_name(column(field)) for field in fields)
    target = f"{_table(connection, model)} ({names})"
    ready = _written(connection, fields, batch)
    if connection.vendor == "postgresql" and _copy(alias, target, ready):
        return len(ready)
    marks = ", ".join(["%s"] * len(fields))
    query = f"INSERT INTO {target} VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608 - as above
    with connection.cursor() as cursor:
        cursor.executemany(query, ready)
        return int(cursor.rowcount)


def _copy(alias: str, target: str, batch: Sequence[Row]) -> bool:
    """Whether all rows could be taken at once; if not, none was."""
    from psycopg import IntegrityError

    try:
        with (
            transaction.atomic(using=alias),
            connections[alias].cursor() as cursor,
            cursor.copy(f"COPY {target} FROM STDIN") as copy,
        ):
            for row in batch:
                copy.write_row(row)
    except IntegrityError:
        return False
    return True


def _written(
    connection: BaseDatabaseWrapper, fields: Sequence[Field[Any, Any]], batch: Sequence[Row]
) -> Sequence[Row]:
    """Portable rows as a database takes them; most columns are the same in both."""
    changes = [
        (place, change)
        for place, field in enumerate(fields)
        if (change := writer(connection, field)) is not _as_it_is
    ]
    if not changes:
        return batch
    ready = [list(row) for row in batch]
    for place, change in changes:
        for row in ready:
            row[place] = change(row[place])
    return ready


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
        cursor.execute(query, [*params, writer(connection, pk)(key)])


def delete(alias: str, model: type[Model], keys: Sequence[Any]) -> None:
    connection = connections[alias]
    quote = connection.ops.quote_name
    pk = model._meta.pk
    write = writer(connection, pk)
    for some in chunks(keys, BATCH):
        marks = ", ".join(["%s"] * len(some))
        query = f"DELETE FROM {quote(model._meta.db_table)} WHERE {quote(column(pk))} IN ({marks})"  # noqa: S608 - as above
        with connection.cursor() as cursor:
            cursor.execute(query, [write(key) for key in some])


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


def _table(connection: BaseDatabaseWrapper, model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _select(connection: BaseDatabaseWrapper, model: type[Model], tail: str) -> str:
    columns = ", ".join(_portable(connection, model))
    return f"SELECT {columns} FROM {_table(connection, model)} {tail}".rstrip()  # noqa: S608 - names of our own models, quoted


def _portable(connection: BaseDatabaseWrapper, model: type[Model]) -> list[str]:
    quote = connection.ops.quote_name
    return [_read(connection.vendor, field, quote) for field in _fields(model)]


def _large_places(model: type[Model]) -> list[int]:
    """Where a row may hold much: columns of no given length."""
    return [
        place
        for place, field in enumerate(_fields(model))
        if _kind(field) in {"BinaryField", "JSONField", "TextField"} and not field.max_length
    ]


def _kind(field: Field[Any, Any]) -> str:
    target = getattr(field, "target_field", None)
    while target is not None and target is not field:
        field, target = target, getattr(target, "target_field", None)
    return field.get_internal_type()


def _read(vendor: str, field: Field[Any, Any], quote: Callable[[str], str]) -> str:
    name = quote(column(field))
    kind = _kind(field)
    if vendor == "sqlite":
        # The sign keeps Python from making objects of what the column was declared to hold.
        return f"hex({name})" if kind == "BinaryField" else f"+{name}"
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

"""Is this file a backup that restores? Read back from where it lies, opened, loaded, compared."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connections
from django.db.models import Model

from backups import container, keys, rows, scratch, sealed
from core import rotation, sealing

Tick = Callable[[int], None]
READ_AT_ONCE = 1024 * 1024
FULL, STRUCTURE = "full", "structure"
# Every sealed value of the first rows of a column is opened, and then one in so many.
OPENED_FIRST = 1000
OPENED_EVERY = 100


class HashDiffers(container.ContainerRefused):
    """Another file than the one that was written."""

    def __init__(self) -> None:
        super().__init__("its SHA-256 is not the one noted when it was written")


class SealedValueLost(container.ContainerRefused):
    """The backup holds a sealed value that its own keys do not open."""


@dataclass(frozen=True)
class Verification:
    header: container.Header
    depth: str
    sha256: str
    counts: Mapping[str, int] = field(default_factory=dict)


def verify(
    path: Path, opener: keys.Opener, *, sha256: str = "", tick: Tick | None = None
) -> Verification:
    """Raises ContainerRefused, schema.NewerRelease, or OSError when the file cannot be read.

    Without a key that fits only hash and structure are looked at, and the answer says so.
    """
    found = digest(path)
    if sha256 and found != sha256:
        raise HashDiffers
    with path.open("rb") as file:
        reader = container.Reader(file)
        if not opener.fits(reader.header):
            reader.structure()
            return Verification(reader.header, STRUCTURE, found)
        carried = keys.parse_carried(reader.open(opener.data_key(reader.header)))
        with scratch.database() as alias:
            counts = scratch.load(alias, reader, tick)
            open_sealed_values(alias, carried.ring)
    return Verification(reader.header, FULL, found, counts)


def digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(READ_AT_ONCE):
            found.update(part)
    return found.hexdigest()


def open_sealed_values(alias: str, ring: Mapping[str, bytes]) -> int:
    """Open a sample of all sealed columns with the keys of the backup; raises SealedValueLost."""
    there = _tables(alias)
    opened = 0
    for model, sealed_field in rotation.sealed_fields():
        if model._meta.proxy or model._meta.db_table not in there:
            continue
        column = sealed.SealedColumn(model, sealed_field)
        for row in _sample(alias, model):
            if not row[column.place]:
                continue
            try:
                column.open(row, ring)
            except sealing.SealingError:
                raise SealedValueLost(
                    f"a sealed value of {model._meta.label} does not open with the keys inside"
                ) from None
            opened += 1
    return opened


def _sample(alias: str, model: type[Model]) -> Iterator[rows.Row]:
    # SQLite numbers rows as they were loaded.
    table = connections[alias].ops.quote_name(model._meta.db_table)
    first = f"SELECT rowid FROM {table} ORDER BY rowid LIMIT {OPENED_FIRST}"  # noqa: S608 - a name of our own, quoted
    for where in (f"rowid IN ({first})", f"rowid % {OPENED_EVERY} = 0"):
        for batch in rows.stream(alias, model, where):
            yield from batch


def _tables(alias: str) -> set[str]:
    connection = connections[alias]
    with connection.cursor() as cursor:
        return set(connection.introspection.table_names(cursor))

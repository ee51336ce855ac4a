"""Is this file a backup that restores? Read back from where it lies, opened, loaded, compared."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connections

from backups import container, keys, rows, scratch
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
    opened = 0
    for model, column in rotation.sealed_fields():
        if model._meta.proxy or model._meta.db_table not in _tables(alias):
            continue
        place = [field.name for field in model._meta.local_concrete_fields].index(column.name)
        number = 0
        for batch in rows.in_batches(alias, model):
            for row in batch:
                number += 1
                is_sampled = number <= OPENED_FIRST or number % OPENED_EVERY == 0
                if row[place] and is_sampled:
                    _open(model, column.name, row, place, ring)
                    opened += 1
    return opened


def _open(model: type, name: str, row: rows.Row, place: int, ring: Mapping[str, bytes]) -> None:
    purpose, owner, where = sealed_address(model, name, row)
    try:
        sealing.unseal_with(ring, purpose, owner, where, row[place])
    except sealing.SealingError:
        raise SealedValueLost(
            f"a sealed value of {model._meta.label} does not open with the keys inside"  # type: ignore[attr-defined]
        ) from None


def sealed_address(model: type, name: str, row: rows.Row) -> tuple[str, str, str]:
    """Purpose, owner and place of a sealed column in a portable row."""
    instance = instance_of(model, row)
    column = model._meta.get_field(name)  # type: ignore[attr-defined]
    owner = getattr(instance, column.owner) if column.owner else ""
    return column.purpose, str(owner), sealing.place_of(instance.pk, name)  # type: ignore[attr-defined]


def instance_of(model: type, row: rows.Row) -> object:
    """An unsaved object with the values of a portable row, ids as Python has them."""
    fields = model._meta.local_concrete_fields  # type: ignore[attr-defined]
    values = {
        field.attname: field.to_python(value) if rows.is_uuid(field) else value
        for field, value in zip(fields, row, strict=True)
    }
    return model(**values)


def _tables(alias: str) -> set[str]:
    connection = connections[alias]
    with connection.cursor() as cursor:
        return set(connection.introspection.table_names(cursor))

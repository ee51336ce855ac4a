"""Sealed columns of portable rows: whose they are, opened and sealed without making objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Field, Model

from backups import rows
from backups.rows import Row
from core import sealing
from core.fields import SealedField


class SealedColumn:
    """One sealed column of a table."""

    def __init__(self, model: type[Model], column: SealedField) -> None:
        fields = list(model._meta.local_concrete_fields)
        self.name, self._purpose = column.name, column.purpose
        self.place = fields.index(column)
        self._key = _Reading(fields, model._meta.pk.attname)
        self._owner = _Reading(fields, column.owner) if column.owner else None

    def open(self, row: Row, ring: Mapping[str, bytes]) -> bytes:
        """Raises sealing.SealingError."""
        return sealing.unseal_with(ring, *self._address(row), row[self.place])

    def seal(self, row: Row, plain: bytes) -> str:
        return sealing.seal(*self._address(row), plain)

    def _address(self, row: Row) -> tuple[str, str, str]:
        owner = self._owner.read(row) if self._owner else ""
        return self._purpose, owner, sealing.place_of(self._key.read(row), self.name)


class _Reading:
    """A column as sealing names it: ids with dashes."""

    def __init__(self, fields: list[Field[Any, Any]], attname: str) -> None:
        self._place = [field.attname for field in fields].index(attname)
        self._field = fields[self._place]
        self._is_uuid = rows.is_uuid(self._field)

    def read(self, row: Row) -> str:
        value = row[self._place]
        return rows.dashed(self._field, value) if self._is_uuid else str(value)

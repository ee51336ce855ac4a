"""Values that are written differently here: numbered rows, sealed tokens, JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

from django.db.models import ForeignKey

from backups import content, rows
from backups.content import Table
from backups.course import Course
from backups.rows import Row
from backups.sealed import SealedColumn
from core import keyring
from core.fields import SealedField

Reference = ForeignKey[Any, Any]


class Values:
    """The values of one table, between the backup and here."""

    def __init__(self, course: Course, table: Table) -> None:
        self._source, self._target, self._ring = course.source, course.target, course.ring
        places = list(enumerate(table.fields))
        self._json = {place for place, field in places if rows.is_json(field)}
        self._sealed = {
            place: SealedColumn(table.model, field)
            for place, field in places
            if isinstance(field, SealedField)
        }
        self._by_name = {
            place: field
            for place, field in places
            if isinstance(field, ForeignKey) and _is_numbered(field)
        }
        self._own = keyring.ring()
        current = self._own.current
        is_ours = self._own.keys[current] == self._ring.get(current)
        # Tokens that begin so can stay as they are.
        self._fitting = f"{current}:" if is_ours else None

    def translated(self, batch: Sequence[Row]) -> Sequence[Row]:
        """Rows whose references to rows numbered otherwise lead to those of the same name here."""
        for place, reference in self._by_name.items():
            names = self._translate(reference, [row[place] for row in batch])
            batch = [[*row[:place], names.get(row[place]), *row[place + 1 :]] for row in batch]
        return batch

    def resealed(self, batch: Sequence[Row]) -> Sequence[Row]:
        """Rows with their sealed values under this site's current master key."""
        for place, column in self._sealed.items():
            batch = [row if self._fits(row[place]) else self._reseal(row, column) for row in batch]
        return batch

    def equal(self, place: int, there: Row, here: Row) -> bool:
        """Whether two different values mean the same."""
        old, live = there[place], here[place]
        if place in self._by_name:
            return bool(self._translate(self._by_name[place], [old]).get(old) == live)
        if not old or not live:
            return False
        if place in self._json:
            return bool(json.loads(old) == json.loads(live))
        if place in self._sealed:
            column = self._sealed[place]
            return column.open(there, self._ring) == column.open(here, self._own.keys)
        return False

    def _fits(self, token: str | None) -> bool:
        return not token or (self._fitting is not None and token.startswith(self._fitting))

    def _reseal(self, row: Row, column: SealedColumn) -> Row:
        token = column.seal(row, column.open(row, self._ring))
        return [*row[: column.place], token, *row[column.place + 1 :]]

    def _translate(self, reference: Reference, values: Sequence[Any]) -> dict[Any, Any]:
        """Numbers of the backup to numbers here, for rows that both have under a name."""
        model = reference.related_model
        wanted = {value for value in values if value is not None}
        found = {}
        for row in model._base_manager.using(self._source).filter(pk__in=wanted):
            names = {name: getattr(row, name) for name in content.BY_NAME[model._meta.label]}
            if "content_type_id" in names:
                link = cast("Reference", model._meta.get_field("content_type"))
                own = self._translate(link, [names["content_type_id"]])
                names["content_type_id"] = own.get(names["content_type_id"])
            here = model._base_manager.using(self._target).filter(**names).first()
            if here is not None:
                found[row.pk] = here.pk
        return found


def _is_numbered(reference: Reference) -> bool:
    return reference.related_model._meta.label in content.BY_NAME

"""Rows that are in the backup alone: which of them may come back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audit.models import Tombstone
from backups import content, notebook, reports, rows
from backups.content import Table
from backups.course import Course, user_model
from backups.rows import Row
from backups.values import Reference


class Gate:
    """Security state never goes back, and no row comes without what it refers to."""

    def __init__(self, course: Course, table: Table, owner_place: int | None) -> None:
        self.course, self.table, self.owner_place = course, table, owner_place
        self.key_place = table.columns.index(rows.column(table.key))

    def admit(self, missing: Sequence[Row]) -> Sequence[Row]:
        """Those that security does not hold back, or that were chosen one by one."""
        if self.course.is_bare:
            return missing
        brought_back = self.course.wish.brought_back
        chosen = {key for label, key in brought_back if label == self.table.label}
        buried = self._buried(missing)
        removed = self._with_living_owner(missing)
        passed = []
        for row in missing:
            key = rows.dashed(self.table.key, row[self.key_place])
            if key in chosen:
                passed.append(row)
            elif key in buried:
                self._hold(row, reports.BURIED)
            elif row[self.key_place] in removed:
                self._hold(row, reports.REMOVED)
            else:
                passed.append(row)
        return passed

    def with_references(self, missing: Sequence[Row]) -> Sequence[Row]:
        """Only rows whose references lead somewhere; optional ones are emptied instead."""
        passed = missing
        for reference in self.table.references:
            target = reference.target_field
            if target.model._meta.label in content.BY_NAME:
                continue
            place = self.table.columns.index(rows.column(reference))
            wanted = {row[place] for row in passed if row[place] is not None}
            there = rows.existing(self.course.target, target, wanted)
            if target.model is self.table.model:
                # Of the same table: the other row comes in this very restore.
                there |= rows.existing(self.course.source, target, wanted - there)
            if wanted - there:
                passed = self._check_reference(reference, passed, place, there)
        return passed

    def _buried(self, missing: Sequence[Row]) -> set[str]:
        if not self.table.tombstone:
            return set()
        keys = [rows.dashed(self.table.key, row[self.key_place]) for row in missing]
        stones = Tombstone.objects.using(self.course.target).filter(kind=self.table.tombstone)
        return set(stones.filter(object_id__in=keys).values_list("object_id", flat=True))

    def _with_living_owner(self, missing: Sequence[Row]) -> set[Any]:
        """Security rows whose user was here all the time: they were removed, not lost."""
        place = self.owner_place
        if self.table.policy != content.MONOTONE or place is None:
            return set()
        users = user_model()
        owners = {row[place] for row in missing}
        living = rows.existing(self.course.target, users._meta.pk, owners)
        living -= self.course.notebook.among(notebook.ADDED, users._meta.label, living)
        return {row[self.key_place] for row in missing if row[place] in living}

    def _check_reference(
        self, reference: Reference, batch: Sequence[Row], place: int, there: set[Any]
    ) -> Sequence[Row]:
        passed: list[Row] = []
        for row in batch:
            if row[place] is None or row[place] in there:
                passed.append(row)
            elif reference.null:
                passed.append([*row[:place], None, *row[place + 1 :]])
            else:
                self._hold(row, reports.ORPHAN)
        return passed

    def _hold(self, row: Row, why: str) -> None:
        self.course.report.hold(self.table, row[self.key_place], why)

"""What a restore found and did, or a dry run would do: numbers per table, and the first rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_noop

from backups import rows
from backups.content import Table

LISTED = 200
BURIED = gettext_noop("deleted for the sake of security")
REMOVED = gettext_noop("removed here since")
ORPHAN = gettext_noop("what it belongs to is not there")
IN_THE_WAY = gettext_noop("something else has its place")


@dataclass
class Counts:
    """What was found of one table, and what was done."""

    same: int = 0
    changed_in_backup: int = 0
    changed_here: int = 0
    missing: int = 0
    new: int = 0
    added: int = 0
    replaced: int = 0
    raised: int = 0
    removed: int = 0
    held: int = 0

    @property
    def changes(self) -> int:
        return self.added + self.replaced + self.raised + self.removed


@dataclass
class Report:
    is_bare: bool = False
    tables: dict[str, Counts] = field(default_factory=dict)
    conflicts: list[dict[str, str]] = field(default_factory=list)
    held: list[dict[str, str]] = field(default_factory=list)

    @property
    def changes(self) -> int:
        return sum(counts.changes for counts in self.tables.values())

    def begin(self, table: Table) -> Counts:
        return self.tables.setdefault(table.label, Counts())

    def conflict(self, table: Table, key: Any, *, here: Any, there: Any) -> None:
        """A row that was changed here since the backup."""
        if len(self.conflicts) < LISTED:
            times = {"here": str(here or ""), "backup": str(there or "")}
            name = rows.dashed(table.key, key)
            self.conflicts.append({"table": table.label, "key": name, **times})

    def hold(self, table: Table, key: Any, why: str) -> None:
        """A row that does not come back."""
        self.tables[table.label].held += 1
        if len(self.held) < LISTED:
            name = rows.dashed(table.key, key)
            self.held.append({"table": table.label, "key": name, "why": why})

    def drop_empty(self) -> None:
        found = self.tables.items()
        self.tables = {label: counts for label, counts in found if any(vars(counts).values())}

    def as_json(self) -> dict[str, Any]:
        return {
            "is_bare": self.is_bare,
            "changes": self.changes,
            "tables": {label: vars(counts) for label, counts in self.tables.items()},
            "conflicts": self.conflicts,
            "held": self.held,
        }

"""What a restore remembers of single rows: in its scratch, as memory would not hold a million."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connections

from backups import rows

# Rows that came back, rows that stayed as they are here, and users whose rows were touched.
ADDED, KEPT, CONCERNED = "added", "kept", "concerned"


class Notebook:
    def __init__(self, scratch: str) -> None:
        self._scratch = scratch

    def begin(self) -> None:
        raw = connections[self._scratch].connection
        raw.execute("DROP TABLE IF EXISTS restore_notes")
        raw.execute(
            "CREATE TABLE restore_notes (what TEXT, label TEXT, key TEXT,"
            " PRIMARY KEY (what, label, key)) WITHOUT ROWID"
        )

    def write(self, what: str, label: str, keys: Iterable[Any]) -> None:
        raw = connections[self._scratch].connection
        raw.executemany(
            "INSERT OR IGNORE INTO restore_notes VALUES (?, ?, ?)",
            [(what, label, str(key)) for key in keys],
        )

    def all(self, what: str, label: str) -> list[str]:
        raw = connections[self._scratch].connection
        query = "SELECT key FROM restore_notes WHERE what = ? AND label = ?"
        return [row[0] for row in raw.execute(query, (what, label))]

    def among(self, what: str, label: str, keys: Iterable[Any]) -> set[str]:
        """Those of the keys that were written down."""
        raw = connections[self._scratch].connection
        found: set[str] = set()
        for some in rows.chunks([str(key) for key in keys], rows.BATCH):
            marks = ", ".join("?" * len(some))
            query = (
                f"SELECT key FROM restore_notes WHERE what = ? AND label = ? AND key IN ({marks})"  # noqa: S608 - question marks alone
            )
            found.update(row[0] for row in raw.execute(query, (what, label, *some)))
        return found

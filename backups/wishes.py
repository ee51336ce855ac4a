"""What somebody wants of a backup, and why it may be refused."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

REPLACE, MISSING, USER = "replace", "missing", "user"


class RestoreRefused(Exception):
    """The restore cannot be done, and nothing was changed."""


@dataclass(frozen=True)
class Wish:
    """One of the three modes, and what else was chosen."""

    mode: str
    user: UUID | None = None
    takes_backup_side: bool = False
    # (model label, key) of rows to bring back although security holds them back.
    brought_back: frozenset[tuple[str, str]] = frozenset()

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import models

Row = TypeVar("Row", bound=models.Model)


def hold_vault(owner_id: UUID) -> None:
    """Let one deed at a time decide about a user's vault, until the transaction ends.

    Without it two requests with the same QR code would both find no duplicate. SQLite does this
    by itself, as its transactions here begin by taking the write lock.
    """
    users = get_user_model()._default_manager.filter(pk=owner_id)
    list(users.select_for_update(no_key=True).values_list("pk"))


def next_position(rows: models.QuerySet[models.Model]) -> int:
    last: int | None = rows.aggregate(last=models.Max("position"))["last"]
    return 0 if last is None else last + 1


def put_in_order(rows: Iterable[models.Model]) -> None:
    """Number rows of one model by their place; only those that moved are written."""
    moved = []
    for place, row in enumerate(rows):
        if row.position != place:  # type: ignore[attr-defined]
            row.position = place  # type: ignore[attr-defined]
            moved.append(row)
    if moved:
        type(moved[0])._default_manager.bulk_update(moved, ["position"], batch_size=200)


def put_beside(rows: list[Row], row: Row, other: Row, *, is_before: bool) -> int:
    """Take one of the rows right before or after another one; the answer is its place, from 1."""
    if row != other:
        taken = rows.pop(rows.index(row))
        rows.insert(rows.index(other) + (0 if is_before else 1), taken)
        put_in_order(rows)
    return rows.index(row) + 1

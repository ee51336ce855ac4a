"""Exact limits: at most N in any period, whatever runs in parallel.

A limit of N is N rows (key, slot), each taken by one conditional upsert and committed before the
thing it guards is looked at. Counting first and inserting afterwards lets parallel callers
through; a window that starts on the hour lets twice as many through at its edge. Here a slot
frees itself one period after it was taken, so that the window slides.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.db import connection, transaction

from core.models import AllowanceSlot


class Spent(Exception):
    """All slots are taken; one becomes free at `retry_at`."""

    def __init__(self, retry_at: datetime) -> None:
        super().__init__("Too many attempts. Try again later.")
        self.retry_at = retry_at


TAKE = """
    INSERT INTO core_allowanceslot (key_hash, slot, free_at) VALUES (%s, %s, %s)
    ON CONFLICT (key_hash, slot) DO UPDATE SET free_at = excluded.free_at
    WHERE core_allowanceslot.free_at <= %s
"""


def claim(name: str, key: str, *, limit: int, per: timedelta, at: datetime) -> None:
    """Take one of the `limit` slots of (name, key) or raise Spent. Commits by itself."""
    key_hash = hashlib.sha256(f"{name}|{key}".encode()).hexdigest()
    taken = dict(
        AllowanceSlot.objects.filter(key_hash=key_hash, slot__lt=limit, free_at__gt=at).values_list(
            "slot", "free_at"
        )
    )
    for slot in range(limit):
        if slot not in taken and _take(key_hash, slot, at, at + per):
            return
    raise Spent(min(taken.values(), default=at + per))


def forget_free(*, at: datetime) -> int:
    """Delete the slots that are free again; the answer is their number."""
    return AllowanceSlot.objects.filter(free_at__lte=at).delete()[0]


def _take(key_hash: str, slot: int, at: datetime, free_at: datetime) -> bool:
    # Durable: a claim inside somebody's transaction would be given back by its rollback.
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        adapt = connection.ops.adapt_datetimefield_value
        cursor.execute(TAKE, [key_hash, slot, adapt(free_at), adapt(at)])
        return bool(cursor.rowcount == 1)

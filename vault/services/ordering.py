from __future__ import annotations

from django.db import transaction

from vault.models import OtpEntry
from vault.services.changing import EntryGone
from vault.services.holding import hold_vault, put_beside, put_in_order


def move_beside(*, entry: OtpEntry, other: OtpEntry, is_before: bool) -> int:
    """Move an entry right before or after another one; the answer is its place, from 1."""
    with transaction.atomic():
        hold_vault(entry.owner_id)
        rows = list(OtpEntry.objects.filter(owner_id=entry.owner_id).live().in_order())
        if entry not in rows or other not in rows:
            raise EntryGone
        return put_beside(rows, entry, other, is_before=is_before)


def move_entry(*, entry: OtpEntry, by: int) -> None:
    """Move an entry up (-1) or down (1) in its owner's own order; beyond the ends it stays."""
    with transaction.atomic():
        hold_vault(entry.owner_id)
        rows = list(OtpEntry.objects.filter(owner_id=entry.owner_id).live().in_order())
        if entry not in rows:
            raise EntryGone
        place = rows.index(entry)
        row = rows.pop(place)
        rows.insert(max(0, place + by), row)
        put_in_order(rows)

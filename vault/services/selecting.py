"""One deed for several entries at once: all of them or, where one has gone meanwhile, the rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from audit import events
from vault.models import Category, OtpEntry
from vault.services.holding import hold_vault
from vault.services.records import record


def mark_favourites(*, entries: Sequence[OtpEntry], is_favourite: bool, at: datetime) -> int:
    """Mark entries as favourites, or no longer; the answer is how many that was new for."""
    with transaction.atomic():
        changed = [entry for entry in _held(entries) if entry.is_favourite != is_favourite]
        OtpEntry.objects.filter(pk__in=[entry.pk for entry in changed]).update(
            is_favourite=is_favourite, updated_at=at
        )
        _record(changed, "is_favourite", at)
    return len(changed)


def put_into_category(*, entries: Sequence[OtpEntry], category: Category, at: datetime) -> int:
    """Put entries into a category; the answer is how many were not in it before."""
    with transaction.atomic():
        inside = set(category.entries.values_list("pk", flat=True))
        changed = [entry for entry in _held(entries) if entry.pk not in inside]
        category.entries.add(*changed)
        _record(changed, "categories", at)
    return len(changed)


def take_out_of_category(*, entries: Sequence[OtpEntry], category: Category, at: datetime) -> int:
    """Take entries out of a category; the answer is how many were in it."""
    with transaction.atomic():
        inside = set(category.entries.values_list("pk", flat=True))
        changed = [entry for entry in _held(entries) if entry.pk in inside]
        category.entries.remove(*changed)
        _record(changed, "categories", at)
    return len(changed)


def _held(entries: Sequence[OtpEntry]) -> list[OtpEntry]:
    """Those that are still in the vault, as they are now, with the vault held."""
    if not entries:
        return []
    hold_vault(entries[0].owner_id)
    rows = OtpEntry.objects.filter(owner_id=entries[0].owner_id).live()
    return list(rows.filter(pk__in=[entry.pk for entry in entries]))


def _record(entries: Sequence[OtpEntry], changed: str, at: datetime) -> None:
    for entry in entries:
        record(events.ENTRY_CHANGED, entry, at=at, changed=changed)

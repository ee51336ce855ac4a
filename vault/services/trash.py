from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit import events
from vault.models import OtpEntry, OtpEntryQuerySet
from vault.refusals import VaultRefusal
from vault.services.changing import EntryGone
from vault.services.records import record

if TYPE_CHECKING:
    from accounts.models import User

KEPT_FOR = timedelta(days=30)
BATCH = 200


class NotInTrash(VaultRefusal):
    sentence = _("This code is not in the trash.")


def trash_entry(*, entry: OtpEntry, at: datetime) -> None:
    """Put an entry into the trash, where it stays for 30 days."""
    with transaction.atomic():
        if OtpEntry.objects.live().filter(pk=entry.pk).update(trashed_at=at) != 1:
            raise EntryGone
        entry.trashed_at = at
        record(events.ENTRY_TRASHED, entry, at=at)


def trash_entries(*, entries: Iterable[OtpEntry], at: datetime) -> int:
    """Put those entries into the trash that are not there yet; the answer is their number."""
    trashed = 0
    with transaction.atomic():
        for entry in entries:
            with contextlib.suppress(EntryGone):
                trash_entry(entry=entry, at=at)
                trashed += 1
    return trashed


def restore_entry(*, entry: OtpEntry, at: datetime) -> None:
    """Take an entry out of the trash."""
    with transaction.atomic():
        if OtpEntry.objects.trashed().filter(pk=entry.pk).update(trashed_at=None) != 1:
            raise NotInTrash
        entry.trashed_at = None
        record(events.ENTRY_RESTORED, entry, at=at)


def purge_entry(*, entry: OtpEntry, at: datetime) -> None:
    """Delete an entry in the trash for ever."""
    if not _purge(OtpEntry.objects.filter(pk=entry.pk), at):
        raise NotInTrash


def empty_trash(*, owner: User, at: datetime) -> int:
    """Delete everything in a user's trash for ever; the answer is the number of entries."""
    return _purge(OtpEntry.objects.for_owner(owner), at)


def purge_expired(*, at: datetime) -> int:
    """Delete what has been in the trash for 30 days; the answer is the number of entries."""
    return _purge(OtpEntry.objects.trashed_until(at - KEPT_FOR), at)


def _purge(entries: OtpEntryQuerySet, at: datetime) -> int:
    purged = 0
    while batch := _purge_batch(entries, at):
        purged += batch
    return purged


def _purge_batch(entries: OtpEntryQuerySet, at: datetime) -> int:
    with transaction.atomic():
        # Locked, so that what is restored in this very moment either survives or is gone, and
        # is never recorded as the one while being the other.
        batch = list(entries.trashed().select_for_update().order_by("pk")[:BATCH])
        for entry in batch:
            record(events.ENTRY_PURGED, entry, at=at)
        OtpEntry.objects.filter(pk__in=[entry.pk for entry in batch]).delete()
    return len(batch)

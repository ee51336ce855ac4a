"""A picture of the owner's own for an entry.

What is uploaded is decoded within bounds and drawn anew as a small PNG: nothing of the file
itself is kept or served, so neither scripts nor the place of a photograph come along.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import transaction

from audit import events
from core import sealing
from vault import pictures
from vault.models import EntryIcon, OtpEntry
from vault.services.changing import EntryGone
from vault.services.records import record


def set_icon(*, entry: OtpEntry, picture: bytes, at: datetime) -> None:
    """Show an entry with this picture; raises vault.qr.PictureRefusal and EntryGone."""
    png = pictures.make_icon(picture)
    with transaction.atomic():
        _note(entry, hashlib.sha256(png).hexdigest()[:16], at)
        EntryIcon.objects.filter(entry=entry).delete()
        icon = EntryIcon(entry=entry, owner_id=entry.owner_id)
        sealing.seal_field(icon, "sealed_picture", png)
        icon.save(force_insert=True)


def remove_icon(*, entry: OtpEntry, at: datetime) -> None:
    """Show the brand icon or the initials again."""
    with transaction.atomic():
        if EntryIcon.objects.filter(entry=entry).delete()[0]:
            _note(entry, "", at)


def icon_of(entry: OtpEntry) -> bytes | None:
    """The PNG of an entry, or None."""
    icon = EntryIcon.objects.filter(entry=entry).first()
    return sealing.open_field(icon, "sealed_picture") if icon else None


def _note(entry: OtpEntry, version: str, at: datetime) -> None:
    live = OtpEntry.objects.live().filter(pk=entry.pk)
    if live.update(own_icon=version, updated_at=at) != 1:
        raise EntryGone
    entry.own_icon = version
    record(events.ICON_CHANGED, entry, at=at)

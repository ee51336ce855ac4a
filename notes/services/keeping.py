"""Notes that the server can read: with consent for each, or from a file that was imported.

Such a note never replaces one that a browser has sealed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.views.decorators.debug import sensitive_variables

from audit import events
from audit import services as audit
from core import sealing
from notes import plain as plains
from notes.models import Note, NoteQuerySet, Scheme
from notes.plain import PlainNote, TooLong
from notes.refusals import ChangedElsewhere, NoteExists, NotReadable
from notes.services.reading import MOST_AT_ONCE, note_of
from notes.services.saving import NOTHING, _hold_entry, insert
from vault.models import OtpEntry
from vault.services.records import record

if TYPE_CHECKING:
    from accounts.models import User


@sensitive_variables("text", "fields", "codes")
def keep_for_server(
    entry: OtpEntry,
    text: str,
    *,
    at: datetime,
    fields: Sequence[Mapping[str, str]] = (),
    codes: Sequence[str | Mapping[str, str | None]] = (),
) -> None:
    """Keep the note that came with an imported entry; its owner is asked to encrypt it.

    `fields` are {name, value, kind}, the kind being text, hidden or url; `codes` are a service's
    recovery codes, or {code, used_on} of them. Nothing is kept where there is nothing. Raises
    NoteExists, TooLong or EntryGone.
    """
    rows = [{"code": row, "used_on": None} if isinstance(row, str) else row for row in codes]
    wanted = PlainNote(text, tuple(fields), tuple(rows))
    if wanted.is_empty:
        return
    before = note_of(entry)
    if before is not None and before.scheme != Scheme.NONE:
        raise NoteExists
    try:
        save_kept(entry=entry, plain=wanted, base=before.revision if before else 0, at=at)
    except ChangedElsewhere:
        raise NoteExists from None


@sensitive_variables("plain")
def save_kept(*, entry: OtpEntry, plain: PlainNote, base: int, at: datetime) -> None:
    """Keep a note readable by the server, in place of revision `base` (0 where there was none).

    The view has the person's consent. Raises ChangedElsewhere, NoteExists where the note is sealed
    by a browser, TooLong or EntryGone.
    """
    raw = _encode(plain)
    with transaction.atomic():
        _hold_entry(entry)
        before = note_of(entry)
        if before is not None and before.is_e2e:
            raise NoteExists
        row = before or Note(entry=entry, owner_id=entry.owner_id, created_at=at)
        sealing.seal_field(row, "sealed_text", raw)
        _store(row, is_new=before is None, base=base, at=at)
        record(events.NOTE_KEPT, entry, at=at)


def read_kept(note: Note) -> PlainNote:
    """The text of a note that the server may read; raises NotReadable for every other."""
    if not note.is_server:
        raise NotReadable
    return plains.parse(json.loads(sealing.open_field(note, "sealed_text")))


def kept(owner: User) -> NoteQuerySet:
    """The notes that the server can read."""
    return Note.objects.for_owner(owner).written().filter(scheme=Scheme.SERVER)


def open_for_migration(owner: User, *, after: UUID | None, at: datetime) -> list[Note]:
    """The next notes to encrypt, for the browser that does it."""
    rows = kept(owner).order_by("pk")
    found = list(rows.filter(Q(pk__gt=after) if after else Q())[:MOST_AT_ONCE])
    if found:
        audit.record(events.NOTES_OPENED, user=owner.pk, at=at)
    return found


def _store(row: Note, *, is_new: bool, base: int, at: datetime) -> None:
    sealed_text = row.sealed_text
    if is_new:
        if base != 0:
            raise ChangedElsewhere(None)
        row.scheme, row.revision, row.saved_at = Scheme.SERVER, 1, at
        insert(row)
        return
    swapped = (
        Note.objects.filter(pk=row.pk, revision=base)
        .exclude(scheme=Scheme.E2E)
        .update(
            **{**NOTHING, "sealed_text": sealed_text},
            scheme=Scheme.SERVER,
            revision=base + 1,
            saved_at=at,
        )
    )
    if swapped != 1:
        raise ChangedElsewhere(note_of(OtpEntry(pk=row.pk)))


def _encode(plain: PlainNote) -> bytes:
    written = plain.as_wire()
    plains.parse(written)
    # As a browser writes it, so that what is kept here fits into what it seals.
    raw = json.dumps(written, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    if len(raw) > plains.MOST_BYTES:
        raise TooLong("The note takes more than 64 KiB.")
    return raw

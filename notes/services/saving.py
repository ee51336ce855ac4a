"""Storing what browsers seal: compare-and-set on the revision, and never over a closed note."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from audit import events
from keyslots import services as keyslots
from keyslots.models import VaultKey
from notes.envelope import SealedContent
from notes.models import Note, NoteDraft, NoteIndex, NoteRevision, Scheme
from notes.refusals import ChangedElsewhere, KeyNotCurrent, NoSuchRevision, NoteLocked
from vault.models import OtpEntry
from vault.services import EntryGone
from vault.services.records import record

MOST_REVISIONS = 10
NOTHING: dict[str, Any] = {
    "is_indexed": False,
    "vault_key_id": None,
    "salt": b"",
    "nonce": b"",
    "ciphertext": b"",
    "sealed_text": "",
}


class Purpose(StrEnum):
    SAVE = "save"
    # From readable by the server to sealed by the browser.
    MIGRATION = "migration"
    # The same content under the newer vault key.
    REKEY = "rekey"


# Which scheme a purpose finds, and what is recorded of it.
_FOUND: Mapping[Purpose, Sequence[str]] = {
    Purpose.SAVE: Scheme.values,
    Purpose.MIGRATION: [Scheme.SERVER],
    Purpose.REKEY: [Scheme.E2E],
}


def save_sealed(
    *,
    entry: OtpEntry,
    sealed: SealedContent,
    base: int,
    codewords: bytes | None = None,
    purpose: Purpose = Purpose.SAVE,
    at: datetime,
) -> None:
    """Store a sealed note in place of revision `base`, 0 where there was none.

    Raises ChangedElsewhere, KeyNotCurrent, NoteLocked or EntryGone.
    """
    with transaction.atomic():
        hold_key(entry.owner_id, sealed)
        _hold_entry(entry)
        before = Note.objects.filter(pk=entry.pk).first()
        if sealed.revision <= base:
            raise ChangedElsewhere(before)
        if before is None:
            _create(entry, sealed, base, purpose, at)
        else:
            _swap(before, sealed, base, purpose, at)
        NoteIndex.objects.filter(pk=entry.pk).delete()
        if codewords is not None:
            _index(entry, sealed, codewords)
        if purpose == Purpose.SAVE:
            drop_draft(entry=entry)
        record(_event(before, purpose), entry, at=at)


def delete_note(*, entry: OtpEntry, base: int, at: datetime) -> None:
    """Delete a note with everything it was before. The revision stays, and goes on from there."""
    with transaction.atomic():
        written = Note.objects.filter(pk=entry.pk, revision=base).exclude(scheme=Scheme.NONE)
        if written.update(**NOTHING, scheme=Scheme.NONE, revision=base + 1, saved_at=at) != 1:
            raise ChangedElsewhere(Note.objects.filter(pk=entry.pk).first())
        NoteRevision.objects.filter(note_id=entry.pk).delete()
        NoteIndex.objects.filter(pk=entry.pk).delete()
        drop_draft(entry=entry)
        record(events.NOTE_DELETED, entry, at=at)


def save_draft(*, entry: OtpEntry, sealed: SealedContent, at: datetime) -> None:
    """Keep what somebody is writing; the last one stays. Raises KeyNotCurrent or EntryGone."""
    with transaction.atomic():
        hold_key(entry.owner_id, sealed)
        _hold_entry(entry)
        NoteDraft.objects.update_or_create(
            entry=entry, defaults={**_columns(sealed), "owner_id": entry.owner_id, "saved_at": at}
        )


def drop_draft(*, entry: OtpEntry) -> None:
    NoteDraft.objects.filter(pk=entry.pk).delete()


def rekey_draft(*, entry: OtpEntry, sealed: SealedContent, replaces: UUID) -> None:
    """The same draft under the current vault key; one that was written meanwhile stays."""
    with transaction.atomic():
        hold_key(entry.owner_id, sealed)
        NoteDraft.objects.filter(
            pk=entry.pk, vault_key_id=replaces, revision=sealed.revision
        ).update(**_columns(sealed))


def rekey_revision(*, entry: OtpEntry, sealed: SealedContent, replaces: UUID) -> None:
    """The same earlier revision under the current vault key; raises NoSuchRevision."""
    with transaction.atomic():
        hold_key(entry.owner_id, sealed)
        rows = NoteRevision.objects.filter(
            note_id=entry.pk, revision=sealed.revision, vault_key_id=replaces
        )
        if rows.update(**_columns(sealed)) != 1:
            raise NoSuchRevision


def hold_key(owner_id: UUID, sealed: SealedContent) -> VaultKey:
    """What is stored now is closed with the current key, which no other deed replaces meanwhile."""
    current = keyslots.hold_current(owner_id)
    if current is None or current.id != sealed.vault_key_id:
        raise KeyNotCurrent
    return current


def _hold_entry(entry: OtpEntry) -> None:
    # An entry that goes into the trash now takes its note along, whichever is first.
    if not OtpEntry.objects.live().filter(pk=entry.pk).exists():
        raise EntryGone


def _create(
    entry: OtpEntry, sealed: SealedContent, base: int, purpose: Purpose, at: datetime
) -> None:
    if base != 0 or purpose != Purpose.SAVE:
        raise ChangedElsewhere(None)
    row = Note(entry=entry, owner_id=entry.owner_id, scheme=Scheme.E2E, created_at=at, saved_at=at)
    for name, value in _columns(sealed).items():
        setattr(row, name, value)
    insert(row)


def insert(row: Note) -> None:
    """The first note of an entry; another window may have been first."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise ChangedElsewhere(Note.objects.filter(pk=row.pk).first()) from None


def _swap(before: Note, sealed: SealedContent, base: int, purpose: Purpose, at: datetime) -> None:
    if before.is_e2e and before.vault_key_id != sealed.vault_key_id:
        _check_open(before)
    elif purpose == Purpose.REKEY:
        raise ChangedElsewhere(before)
    # One row, one condition: whoever comes second finds another revision.
    rows = Note.objects.filter(pk=before.pk, revision=base, scheme__in=_FOUND[purpose])
    changed = rows.update(
        **_columns(sealed), scheme=Scheme.E2E, sealed_text="", is_indexed=False, saved_at=at
    )
    if changed != 1 or before.revision != base:
        raise ChangedElsewhere(Note.objects.filter(pk=before.pk).first())
    if before.is_e2e and purpose == Purpose.SAVE:
        _keep_revision(before)


def _check_open(before: Note) -> None:
    if before.vault_key_id and not keyslots.leads_to(before.owner_id, before.vault_key_id):
        raise NoteLocked


def _keep_revision(before: Note) -> None:
    kept = NoteRevision(note=before, revision=before.revision, saved_at=before.saved_at)
    for name in ("v", "vault_key_id", "salt", "nonce", "ciphertext"):
        setattr(kept, name, getattr(before, name))
    kept.save(force_insert=True)
    rows = NoteRevision.objects.filter(note=before)
    newest = rows.order_by("-revision").values_list("pk", flat=True)[:MOST_REVISIONS]
    rows.exclude(pk__in=list(newest)).delete()


def _index(entry: OtpEntry, sealed: SealedContent, codewords: bytes) -> None:
    Note.objects.filter(pk=entry.pk, revision=sealed.revision).update(is_indexed=True)
    NoteIndex.objects.create(
        note_id=entry.pk,
        owner_id=entry.owner_id,
        vault_key_id=sealed.vault_key_id,
        revision=sealed.revision,
        codewords=codewords,
    )


def _event(before: Note | None, purpose: Purpose) -> str:
    if purpose == Purpose.REKEY:
        return events.NOTE_REKEYED
    if before is not None and before.is_server:
        return events.NOTE_ENCRYPTED
    is_new = before is None or before.scheme == Scheme.NONE
    return events.NOTE_CREATED if is_new else events.NOTE_CHANGED


def _columns(sealed: SealedContent) -> dict[str, Any]:
    return {
        "v": 1,
        "vault_key_id": sealed.vault_key_id,
        "salt": sealed.salt,
        "nonce": sealed.nonce,
        "ciphertext": sealed.ciphertext,
        "revision": sealed.revision,
    }

"""A newer vault key, and what a browser does with it step by step, played by Python."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.models import User
from keyslots import crypto
from keyslots import services as keyslots
from notes import services as notes
from notes.models import Note, NoteDraft, NoteRevision, Scheme
from notes.services import reading
from notes.tests import making, twin
from vault.models import OtpEntry


def vault_keys(user: User, wrap_key: bytes) -> dict[UUID, bytes]:
    """What the slot of the password opens, and all the keys that this key leads to."""
    slot = keyslots.password_slot(user.pk)
    assert slot is not None
    opened = crypto.unwrap_vault_key(slot, wrap_key=wrap_key, user_id=user.pk)
    keys = {slot.vault_key_id: opened}
    links = [keyslots.content(row) for row in keyslots.slots(user.pk).filter(kind="older")]
    for newer_id, newer in (walked := list(keys.items())):
        for link in links:
            if isinstance(link, crypto.KeySlot) and link.newer_key_id == newer_id:
                wrap = crypto.derive_older_wrap_key(newer)
                older = crypto.unwrap_vault_key(link, wrap_key=wrap, user_id=user.pk)
                keys[link.vault_key_id] = older
                walked.append((link.vault_key_id, older))
    return keys


def texts(user: User, keys: dict[UUID, bytes]) -> list[str]:
    """Every note, earlier version and draft of the user, opened with the keys."""
    found = [
        making.opened(row, keys[row.vault_key_id])
        for row in Note.objects.filter(owner=user, scheme=Scheme.E2E)
        if row.vault_key_id
    ]
    found += [
        making.opened(row, keys[row.vault_key_id])
        for row in NoteRevision.objects.filter(note__owner=user)
        if row.vault_key_id
    ]
    found += [
        making.opened(row, keys[row.vault_key_id], what=twin.DRAFT)
        for row in NoteDraft.objects.filter(owner=user)
        if row.vault_key_id
    ]
    return sorted(found)


def rekey_the_next(user: User, *, wrap_key: bytes) -> bool:
    """One step of the browser's work; False when there is nothing left to do."""
    for row in reading.notes_after(user, None, which="older"):
        _rekey(row, user, vault_keys(user, wrap_key))
        return True
    return False


def _rekey(row: Note, user: User, keys: dict[UUID, bytes]) -> None:
    new_id = making.key_of(user)
    entry = OtpEntry.objects.get(pk=row.pk)
    anew: dict[str, Any] = {"vault_key": keys[new_id], "key": new_id}
    if row.vault_key_id != new_id and row.vault_key_id is not None:
        text = making.opened(row, keys[row.vault_key_id])
        notes.save_sealed(
            entry=entry,
            sealed=making.sealed(entry, text, revision=row.revision + 1, **anew),
            base=row.revision,
            purpose=notes.Purpose.REKEY,
            at=timezone.now(),
        )
    for old in NoteRevision.objects.filter(note=row).exclude(vault_key_id=new_id):
        text = making.opened(old, keys[old.vault_key_id or new_id])
        sealed = making.sealed(entry, text, revision=old.revision, **anew)
        notes.rekey_revision(entry=entry, sealed=sealed, replaces=old.vault_key_id or new_id)
    for draft in NoteDraft.objects.filter(pk=row.pk).exclude(vault_key_id=new_id):
        text = making.opened(draft, keys[draft.vault_key_id or new_id], what=twin.DRAFT)
        sealed = making.sealed(entry, text, revision=draft.revision, what=twin.DRAFT, **anew)
        notes.rekey_draft(entry=entry, sealed=sealed, replaces=draft.vault_key_id or new_id)

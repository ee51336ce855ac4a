"""Notes of people in tests, sealed as a browser would."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from accounts.models import User
from keyslots import crypto
from keyslots import services as keyslots
from keyslots.services import NewSlot
from notes import services as notes
from notes.envelope import SealedContent
from notes.models import Note
from notes.tests import twin
from tests import base
from vault.models import OtpEntry
from vault.tests import making

# What tests.base closes in everybody's first slot.
VAULT_KEY = b"v" * 32


def key_of(user: User) -> UUID:
    current = keyslots.current_vault_key(user.pk)
    assert current is not None
    return current.id


def make_entry(user: User, issuer: str = "GitHub", **changes: Any) -> OtpEntry:
    return making.make_entry(user, issuer=issuer, **changes)


def sealed(
    entry: OtpEntry,
    note: str = "Ask for Marta",
    *,
    revision: int = 1,
    vault_key: bytes = VAULT_KEY,
    key: UUID | None = None,
    what: str = twin.NOTE,
    **plain: Any,
) -> SealedContent:
    return twin.seal(
        vault_key,
        twin.plain_of(note, **plain),
        user=entry.owner_id,
        key=key or key_of(entry.owner),
        entry=entry.pk,
        revision=revision,
        what=what,
    )


def write(entry: OtpEntry, note: str = "Ask for Marta", *, indexed: bool = False) -> Note:
    """The next revision of an entry's note."""
    before = notes.note_of(entry)
    base_revision = before.revision if before else 0
    revision = base_revision + 1
    codewords = None
    if indexed:
        index = twin.index_key(VAULT_KEY)
        codewords = twin.make_index(index, twin.plain_of(note), entry.pk, revision)
    notes.save_sealed(
        entry=entry,
        sealed=sealed(entry, note, revision=revision),
        base=base_revision,
        codewords=codewords,
        at=timezone.now(),
    )
    return Note.objects.get(pk=entry.pk)


def opened(row: Any, vault_key: bytes = VAULT_KEY, *, what: str = twin.NOTE) -> str:
    """The note that a stored row holds."""
    from notes.services import reading

    entry_id = row.note_id if hasattr(row, "note_id") else row.pk
    owner_id = row.note.owner_id if hasattr(row, "note_id") else row.owner_id
    content = reading.sealed_of(row)
    text: str = twin.unseal(vault_key, content, user=owner_id, entry=entry_id, what=what)["note"]
    return text


def replace_key(user: User, name: str = "alice", *, vault_key: bytes = b"n" * 32) -> UUID:
    """Start a new vault key that wraps the current one, as the page for it does."""
    old_id, new_id = key_of(user), uuid4()
    password = base.slot_for(name, user.pk, vault_key=vault_key, vault_key_id=new_id)
    older = crypto.wrap_for(
        crypto.OLDER,
        VAULT_KEY,
        wrap_key=crypto.derive_older_wrap_key(vault_key),
        user_id=user.pk,
        vault_key_id=old_id,
        slot_id=uuid4(),
        newer_key_id=new_id,
    )
    keyslots.replace_all(
        user.pk,
        compromised=old_id,
        new_slots=[NewSlot(password)],
        older=older,
        at=timezone.now(),
    )
    return new_id

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING
from uuid import UUID

from notes.envelope import SealedContent
from notes.models import Note, NoteDraft, NoteRevision, Sealed
from vault.models import OtpEntry

if TYPE_CHECKING:
    from accounts.models import User

MOST_AT_ONCE = 200
# What one answer may weigh; a note is at most 64 KiB and its tag.
MOST_BYTES = 4 * 1024 * 1024


def note_of(entry: OtpEntry) -> Note | None:
    return Note.objects.filter(pk=entry.pk).first()


def notes_of(owner: User, entry_ids: Collection[UUID]) -> list[Note]:
    """The notes of these entries, those of the owner's own that hold something."""
    return _within(list(Note.objects.for_owner(owner).written().filter(pk__in=entry_ids)))


def notes_after(owner: User, last: UUID | None, *, most: int = MOST_AT_ONCE) -> list[Note]:
    """The next notes in the order of their entries' ids; fewer than `most` where they are long."""
    rows = Note.objects.for_owner(owner).written().order_by("pk")
    if last is not None:
        rows = rows.filter(pk__gt=last)
    return _within(list(rows[:most]))


def sealed_of(row: Sealed) -> SealedContent:
    """What a browser sealed into a note, a draft or an earlier revision."""
    if row.vault_key_id is None:
        raise TypeError("no browser has sealed this")
    return SealedContent(
        vault_key_id=row.vault_key_id,
        revision=row.revision,
        salt=bytes(row.salt),
        nonce=bytes(row.nonce),
        ciphertext=bytes(row.ciphertext),
    )


def draft_of(entry: OtpEntry) -> NoteDraft | None:
    return NoteDraft.objects.filter(pk=entry.pk).first()


def revisions_of(entry: OtpEntry) -> list[NoteRevision]:
    """What the note was before, the newest first."""
    return list(NoteRevision.objects.filter(note_id=entry.pk).order_by("-revision"))


def _within(rows: list[Note]) -> list[Note]:
    """As many of the rows as one answer may weigh, and one at least."""
    weight = 0
    taken: list[Note] = []
    for row in rows:
        weight += len(row.ciphertext) + len(row.sealed_text)
        if taken and weight > MOST_BYTES:
            break
        taken.append(row)
    return taken

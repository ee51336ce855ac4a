from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Q

from keyslots import services as keyslots
from notes.envelope import SealedContent
from notes.models import Note, NoteDraft, NoteQuerySet, NoteRevision, Scheme, Sealed
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


def notes_after(owner: User, last: UUID | None, *, which: str = "") -> list[Note]:
    """The next notes in the order of their entries' ids; fewer where they are long.

    `which` is "older" for what hangs on an older key, and "unindexed" for what the index does not
    know.
    """
    rows = _WHICH.get(which, _written)(owner).order_by("pk")
    if last is not None:
        rows = rows.filter(pk__gt=last)
    return _within(list(rows[:MOST_AT_ONCE]))


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


def _written(owner: User) -> NoteQuerySet:
    return Note.objects.for_owner(owner).written()


def _unindexed(owner: User) -> NoteQuerySet:
    return _written(owner).filter(is_indexed=False, scheme=Scheme.E2E)


def _of_older_keys(owner: User) -> NoteQuerySet:
    current = keyslots.current_vault_key(owner.pk)
    is_current = Q(vault_key_id=current.id if current else None)
    revisions = NoteRevision.objects.filter(~is_current, note__owner=owner)
    drafts = NoteDraft.objects.filter(~is_current, owner=owner)
    return _written(owner).filter(
        Q(scheme=Scheme.E2E) & ~is_current
        | Q(pk__in=revisions.values("note_id"))
        | Q(pk__in=drafts.values("pk"))
    )


_WHICH: Mapping[str, Callable[[User], NoteQuerySet]] = {
    "older": _of_older_keys,
    "unindexed": _unindexed,
}

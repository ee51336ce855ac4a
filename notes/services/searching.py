"""Finding notes by their blind index. A query is trapdoors, an answer is ids of entries.

trapdoor (from the browser)  = HMAC-SHA-256(index key, term)
codeword (stored and sought) = first 8 bytes of HMAC-SHA-256(trapdoor, entry id "|" revision)
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from audit import events
from audit import services as audit
from notes.envelope import CODEWORD_BYTES
from notes.models import Note, NoteIndex, NotePreference, NoteQuerySet, SearchPlace
from notes.refusals import ChangedElsewhere
from notes.services.reading import note_of
from vault.models import OtpEntry

if TYPE_CHECKING:
    from accounts.models import User

BROWSER_LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class Query:
    """The terms sought, under one of the user's vault keys; all of them must be in a note."""

    vault_key_id: UUID
    trapdoors: Sequence[bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    entries: list[UUID]
    # Not in the index, or not as they are now: the browser looks into these itself.
    unindexed: list[UUID]


def place_for(owner: User) -> str:
    """Where the notes are searched: "browser" or "index"."""
    choice = choice_of(owner)
    if choice != SearchPlace.AUTO:
        return choice
    many = Note.objects.for_owner(owner).written()[: BROWSER_LIMIT + 1].count() > BROWSER_LIMIT
    return SearchPlace.INDEX if many else SearchPlace.BROWSER


def choice_of(owner: User) -> str:
    row = NotePreference.objects.filter(user=owner).first()
    return row.search if row else SearchPlace.AUTO


def choose_place(owner: User, choice: str, *, at: datetime) -> None:
    """Choose where notes are searched; the index goes where it is no longer wanted."""
    with transaction.atomic():
        NotePreference.objects.update_or_create(user=owner, defaults={"search": choice})
        if place_for(owner) == SearchPlace.BROWSER:
            NoteIndex.objects.filter(owner=owner).delete()
        audit.record(events.NOTES_SEARCH_CHOSEN, user=owner.pk, facts={"place": choice}, at=at)


def put_index(*, entry: OtpEntry, vault_key_id: UUID, revision: int, codewords: bytes) -> None:
    """Store the index of a note as it is now; raises ChangedElsewhere for any other."""
    with transaction.atomic():
        rows = Note.objects.select_for_update().filter(pk=entry.pk)
        if not rows.filter(revision=revision, vault_key_id=vault_key_id).exists():
            raise ChangedElsewhere(note_of(entry))
        NoteIndex.objects.update_or_create(
            note_id=entry.pk,
            defaults={
                "owner_id": entry.owner_id,
                "vault_key_id": vault_key_id,
                "revision": revision,
                "codewords": codewords,
            },
        )


def unindexed(owner: User) -> NoteQuerySet:
    """Notes whose index is missing or of another revision."""
    current = Q(index__revision=F("revision"), index__vault_key_id=F("vault_key_id"))
    return Note.objects.for_owner(owner).written().exclude(current)


def find(owner: User, queries: Sequence[Query]) -> Found:
    """The notes that hold every term, as far as the index knows."""
    wanted = {str(query.vault_key_id): query.trapdoors for query in queries}
    rows = (
        NoteIndex.objects.filter(
            owner=owner,
            vault_key_id__in=wanted,
            revision=F("note__revision"),
            note__entry__trashed_at=None,
        )
        .values_list("note_id", "vault_key_id", "revision", "codewords")
        .iterator(chunk_size=500)
    )
    entries = [
        entry_id
        for entry_id, key_id, revision, codewords in rows
        if _holds_all(codewords, wanted[str(key_id)], f"{entry_id}|{revision}".encode())
    ]
    return Found(entries, _out_of_reach(owner, wanted))


def _out_of_reach(owner: User, wanted: dict[str, Sequence[bytes]]) -> list[UUID]:
    """What the queries cannot speak of."""
    reached = Q(
        index__revision=F("revision"),
        index__vault_key_id=F("vault_key_id"),
        vault_key_id__in=wanted,
    )
    rows = Note.objects.for_owner(owner).written().exclude(reached)
    return list(rows.values_list("pk", flat=True))


def _holds_all(codewords: bytes | memoryview, trapdoors: Sequence[bytes], place: bytes) -> bool:
    blob = bytes(codewords)
    return all(
        _holds(blob, hmac.digest(trapdoor, place, "sha256")[:CODEWORD_BYTES])
        for trapdoor in trapdoors
    )


def _holds(blob: bytes, codeword: bytes) -> bool:
    """Whether a codeword is among the sorted ones, each at a multiple of its length."""
    at = blob.find(codeword)
    while at % CODEWORD_BYTES and at >= 0:
        at = blob.find(codeword, at + 1)
    return at >= 0

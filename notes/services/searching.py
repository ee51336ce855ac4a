"""Finding notes by their blind index. A query is trapdoors, an answer is ids of entries."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from audit import events
from audit import services as audit
from notes.models import Note, NoteIndex, NotePreference, NoteQuerySet, Scheme, SearchPlace
from notes.refusals import ChangedElsewhere
from notes.services import scanning
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
    entries: list[str]
    # Not in the index, or not as they are now: the browser looks into these itself.
    unindexed: list[str]


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
            Note.objects.filter(owner=owner, is_indexed=True).update(is_indexed=False)
        audit.record(events.NOTES_SEARCH_CHOSEN, user=owner.pk, facts={"place": choice}, at=at)


def put_index(*, entry: OtpEntry, vault_key_id: UUID, revision: int, codewords: bytes) -> None:
    """Store the index of a note as it is now; raises ChangedElsewhere for any other."""
    with transaction.atomic():
        rows = Note.objects.filter(pk=entry.pk, revision=revision, vault_key_id=vault_key_id)
        if rows.update(is_indexed=True) != 1:
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
    """Sealed notes that the index does not know as they are now."""
    rows = Note.objects.for_owner(owner).written()
    return rows.filter(is_indexed=False, scheme=Scheme.E2E)


def find(owner: User, queries: Sequence[Query]) -> Found:
    """The notes that hold every term, as far as the index knows."""
    trashed = OtpEntry.objects.for_owner(owner).trashed().values_list("pk", flat=True)
    hidden = set(map(str, trashed))
    hits = [
        hit
        for query in queries
        for hit in scanning.scan(owner.pk, query.vault_key_id, query.trapdoors)
        if hit not in hidden
    ]
    return Found(hits, _out_of_reach(owner, [query.vault_key_id for query in queries]))


def _out_of_reach(owner: User, keys: Collection[UUID]) -> list[str]:
    """What the queries cannot speak of."""
    live = Note.objects.for_owner(owner).written()
    rows = [*live.filter(is_indexed=False).values_list("pk", flat=True)]
    foreign = NoteIndex.objects.filter(owner=owner).exclude(vault_key_id__in=keys)
    if foreign.exists():
        rows += live.filter(pk__in=foreign.values("pk")).values_list("pk", flat=True)
    return [str(row) for row in rows]

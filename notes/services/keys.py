"""What notes are closed with, in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import Count

from keyslots import services as keyslots
from keyslots.models import KeySlot
from keyslots.services import SlotRefused
from notes.models import Note, NoteDraft, NoteIndex, NoteRevision, Scheme
from notes.refusals import KeyInUse
from notes.services import searching

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True, slots=True)
class State:
    vault_key_id: UUID | None
    notes: int
    kept: int
    # How many notes, drafts and earlier versions each vault key closes.
    by_key: Mapping[UUID, int]
    place: str
    choice: str

    @property
    def older(self) -> int:
        """How many things are closed with another key than the current one."""
        return sum(count for key, count in self.by_key.items() if key != self.vault_key_id)


def state(owner: User) -> State:
    current = keyslots.current_vault_key(owner.pk)
    written = Note.objects.for_owner(owner).written()
    return State(
        vault_key_id=current.id if current else None,
        notes=written.count(),
        kept=written.filter(scheme=Scheme.SERVER).count(),
        by_key=_by_key(owner),
        place=searching.place_for(owner),
        choice=searching.choice_of(owner),
    )


def forget_older_key(owner: User, vault_key_id: UUID, *, at: datetime) -> None:
    """Let go of an older vault key that closes nothing here; raises KeyInUse.

    What a backup of earlier days brings back closed with it cannot be opened then.
    """
    with transaction.atomic():
        current = keyslots.hold_current(owner.pk)
        if current is None or current.id == vault_key_id or _by_key(owner).get(vault_key_id):
            raise KeyInUse
        try:
            keyslots.forget_older(owner.pk, vault_key_id, at=at)
        except SlotRefused:
            raise KeyInUse from None


def unused_keys(owner: User) -> list[UUID]:
    """Older vault keys that close nothing here any more."""
    used = _by_key(owner)
    return [key_id for key_id in older_keys(owner) if key_id not in used]


def older_keys(owner: User) -> list[UUID]:
    """The vault keys that newer ones wrap."""
    rows = keyslots.slots(owner.pk).filter(kind=KeySlot.Kind.OLDER)
    return list(rows.values_list("vault_key_id", flat=True))


def counts() -> dict[str, int]:
    """What an operator may know: how many there are."""
    notes = Note.objects.values_list("scheme").annotate(count=Count("pk"))
    found = dict.fromkeys(Scheme.values, 0) | dict(notes)
    return found | {
        "drafts": NoteDraft.objects.count(),
        "revisions": NoteRevision.objects.count(),
        "indexes": NoteIndex.objects.count(),
    }


def _by_key(owner: User) -> dict[UUID, int]:
    found: dict[UUID, int] = {}
    # Those in the trash as well: they may be taken out again.
    for rows in (
        Note.objects.filter(owner=owner, scheme=Scheme.E2E),
        NoteDraft.objects.filter(owner=owner),
        NoteRevision.objects.filter(note__owner=owner),
    ):
        counted = rows.values_list("vault_key_id").annotate(count=Count("pk"))
        for key_id, count in counted:
            if key_id is not None:
                found[key_id] = found.get(key_id, 0) + count
    return found

"""What the pages say about the ways to open the vault key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Passkey, User
from keyslots import crypto
from keyslots import services as keyslots
from keyslots.models import KeySlot
from keyslots.services import NewSlot

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

PASSPHRASE = _("Notes passphrase")
TITLES: dict[str, StrPromise] = {
    KeySlot.Kind.PASSWORD: _("Password"),
    KeySlot.Kind.FORMER_PASSWORD: _("An earlier password"),
    KeySlot.Kind.PASSKEY: _("Passkey"),
    KeySlot.Kind.RECOVERY: _("Notes recovery key"),
}


@dataclass(frozen=True, slots=True)
class Presented:
    """What somebody showed to open a new vault key; a passkey's slot names the passkey."""

    new: NewSlot
    passkey_id: UUID | None = None


@dataclass(frozen=True)
class Way:
    """One row of the list."""

    id: UUID
    kind: str
    title: StrPromise
    name: str
    created_at: datetime
    last_used_at: datetime | None
    opens_current: bool
    is_former: bool
    passkey_id: UUID | None = None

    @property
    def has_name(self) -> bool:
        return self.kind in keyslots.ADDED_LATER

    @property
    def is_removable(self) -> bool:
        return self.kind in keyslots.REMOVABLE


def ways(user: User) -> list[Way]:
    """All ways but the slots of older keys, which open by themselves with the newer key."""
    current, linked = keyslots.current_vault_key(user.id), keyslots.linked_keys(user.id)
    passkeys = dict(user.passkeys.exclude(slot=None).values_list("slot_id", "pk"))
    rows = keyslots.slots(user.id).exclude(kind=KeySlot.Kind.OLDER)
    titles = TITLES if user.has_usable_password() else TITLES | {KeySlot.Kind.PASSWORD: PASSPHRASE}
    return [
        Way(
            id=row.id,
            kind=row.kind,
            title=titles[row.kind],
            name=row.name,
            created_at=row.created_at,
            last_used_at=row.last_used_at,
            opens_current=current is not None and row.vault_key_id == current.id,
            is_former=keyslots.is_former(row, current) and row.vault_key_id not in linked,
            passkey_id=passkeys.get(row.id),
        )
        for row in rows
    ]


def opening(user: User) -> dict[str, object]:
    """What a page needs to open the vault key with the password."""
    slot = keyslots.password_slot(user.id)
    current = keyslots.current_vault_key(user.id)
    return {
        "has_password": slot is not None,
        "is_passphrase": not user.has_usable_password(),
        "current_id": current.id if current else None,
        "parameters": {
            "salt": crypto.encode_base64url(slot.salt) if slot else "",
            "iterations": slot.iterations if slot else 0,
        },
    }


def replace(
    user: User,
    *,
    compromised: UUID,
    presented: Sequence[Presented],
    older: crypto.AnySlot,
    at: datetime,
) -> list[Way]:
    """Start a new vault key that what was presented opens; raises keyslots.SlotRefused.

    The answer is what opened the key before and must be added again.
    """
    lost = [way for way in ways(user) if way.opens_current and way.has_name]
    with transaction.atomic():
        own = {row.pk: row for row in user.passkeys.select_for_update()}
        new = [_named(each, own) for each in presented]
        keyslots.replace_all(user.pk, compromised=compromised, new_slots=new, older=older, at=at)
        for each in presented:
            if each.passkey_id is not None:
                rows = user.passkeys.filter(pk=each.passkey_id, slot=None)
                if rows.update(slot_id=each.new.slot.slot_id) != 1:
                    raise keyslots.SlotRefused("This passkey opens another vault key.")
    kept = {each.passkey_id for each in presented}
    return [way for way in lost if way.passkey_id is None or way.passkey_id not in kept]


def section(user: User) -> dict[str, object]:
    """What the security page shows."""
    rows = keyslots.slots(user.id)
    return {
        "has_recovery_key": rows.filter(kind=KeySlot.Kind.RECOVERY).exists(),
        "has_former": any(way.is_former for way in ways(user)),
    }


def _named(each: Presented, own: Mapping[UUID, Passkey]) -> NewSlot:
    """A presented slot; that of a passkey has the passkey's name, and is of the user's own."""
    if (each.new.slot.kind == crypto.PASSKEY) != (each.passkey_id is not None):
        raise keyslots.SlotRefused("The slot of a passkey comes with its passkey, and no other.")
    if each.passkey_id is None:
        return each.new
    if each.passkey_id not in own:
        raise keyslots.SlotRefused("There is no such passkey.")
    return NewSlot(each.new.slot, own[each.passkey_id].name)

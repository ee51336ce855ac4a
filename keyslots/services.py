"""Keeping key slots. What they hold only a browser can open."""

from __future__ import annotations

import json
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from audit import events
from audit import services as audit
from core import sealing
from keyslots import crypto
from keyslots.models import KeySlot, VaultKey


class SlotRefused(Exception):
    """The slot does not fit the keys that this user has."""


def password_slot(user_id: UUID) -> crypto.PasswordSlot | None:
    """The user's current password slot, or None when there is none yet."""
    row = KeySlot.objects.filter(user_id=user_id, kind=KeySlot.Kind.PASSWORD).first()
    if row is None:
        return None
    return crypto.parse_password_slot(json.loads(sealing.open_field(row, "sealed_slot")))


def opens_with(user_id: UUID, *, salt: bytes) -> bool:
    """Whether the password slot belongs to the password whose salt this is.

    False for a user whose password was set by a command: there is no slot, or one of an
    earlier password.
    """
    slot = password_slot(user_id)
    return slot is not None and slot.salt == salt


def start_vault_key(user_id: UUID, slot: crypto.PasswordSlot, *, at: datetime) -> None:
    """Store a new vault key's password slot. An earlier password slot stays, as a former one."""
    with transaction.atomic():
        KeySlot.objects.filter(user_id=user_id, kind=KeySlot.Kind.PASSWORD).update(
            kind=KeySlot.Kind.FORMER_PASSWORD
        )
        _insert(VaultKey(id=slot.vault_key_id, user_id=user_id, created_at=at))
        _insert_slot(user_id, slot, at=at)
        audit.record(events.VAULT_KEY_MADE, user=user_id, at=at)


def replace_password_slot(user_id: UUID, slot: crypto.PasswordSlot, *, at: datetime) -> None:
    """Store the slot of a changed password; it must wrap the same vault key as the one before."""
    with transaction.atomic():
        replaced, _ = KeySlot.objects.filter(
            user_id=user_id, kind=KeySlot.Kind.PASSWORD, vault_key_id=slot.vault_key_id
        ).delete()
        if replaced != 1:
            raise SlotRefused("The new slot wraps another vault key than the one in use.")
        _insert_slot(user_id, slot, at=at)


def _insert_slot(user_id: UUID, slot: crypto.PasswordSlot, *, at: datetime) -> None:
    row = KeySlot(
        id=slot.slot_id,
        user_id=user_id,
        vault_key_id=slot.vault_key_id,
        kind=KeySlot.Kind.PASSWORD,
        created_at=at,
    )
    sealing.seal_field(row, "sealed_slot", json.dumps(slot.as_wire()).encode())
    _insert(row)


def _insert(row: VaultKey | KeySlot) -> None:
    # The browser chose the id. One that exists already is nobody's accident.
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise SlotRefused("The id of the slot or of the vault key is taken.") from None

"""Keeping key slots. What they hold only a browser can open."""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from audit import events
from audit import services as audit
from core import sealing
from keyslots import crypto, signals
from keyslots.models import KeySlot, VaultKey

MOST_SLOTS = 40
ADDED_LATER = (crypto.PASSKEY, crypto.RECOVERY)
REMOVABLE = (KeySlot.Kind.PASSKEY, KeySlot.Kind.RECOVERY, KeySlot.Kind.FORMER_PASSWORD)


class SlotRefused(Exception):
    """The slot does not fit the keys that this user has."""


class SlotStays(Exception):
    """The base of the refusals to remove a slot."""


class PasswordSlotStays(SlotStays):
    """The slot of the password lives and goes with the password; an older key's, with its key."""


class LastSlot(SlotStays):
    """Nothing else would open the vault key, once this password or recovery slot is gone."""


@dataclass(frozen=True, slots=True)
class NewSlot:
    """A slot as it comes from the browser, with what the server keeps beside it."""

    slot: crypto.AnySlot
    name: str = ""
    verifier: bytes = field(default=b"", repr=False)


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


def current_vault_key(user_id: UUID) -> VaultKey | None:
    """The newest vault key of a user: the one that new content is meant for."""
    return VaultKey.objects.filter(user_id=user_id).order_by("-created_at").first()


def slots(user_id: UUID) -> QuerySet[KeySlot]:
    """Everything that opens a vault key of the user, the oldest first."""
    return KeySlot.objects.filter(user_id=user_id).order_by("created_at", "id")


def content(row: KeySlot) -> crypto.AnySlot:
    """What the browser stored in a slot."""
    return crypto.parse_slot(json.loads(sealing.open_field(row, "sealed_slot")))


def add_slot(
    user_id: UUID,
    slot: crypto.AnySlot,
    *,
    kind: str,
    name: str,
    at: datetime,
    verifier: bytes = b"",
) -> KeySlot:
    """Add a way to open the user's current vault key; raises SlotRefused."""
    new = NewSlot(slot, name, verifier)
    if kind != slot.kind or kind not in ADDED_LATER:
        raise SlotRefused("Slots of this kind are not added one by one.")
    with transaction.atomic():
        current = _lock_current(user_id)
        if current is None or current.id != slot.vault_key_id:
            raise SlotRefused("The slot wraps another vault key than the one in use.")
        if slots(user_id).count() >= MOST_SLOTS:
            raise SlotRefused("There are as many slots as anybody needs.")
        row = _insert_new(user_id, new, at=at)
        _tell(user_id, events.SLOT_ADDED, row, at=at)
    return row


def rename_slot(user_id: UUID, slot_id: UUID, name: str) -> bool:
    """Give a slot a name; False when there is none of this id that has one."""
    named = KeySlot.objects.filter(user_id=user_id, id=slot_id, kind__in=ADDED_LATER)
    return named.update(name=name) == 1


def mark_used(user_id: UUID, slot_id: UUID, *, at: datetime) -> bool:
    """Note that a browser opened a slot; False when there is none of this id."""
    return KeySlot.objects.filter(user_id=user_id, id=slot_id).update(last_used_at=at) == 1


def remove_slot(user_id: UUID, slot_id: UUID, *, at: datetime) -> bool:
    """Remove a slot; False when it is gone already. Raises PasswordSlotStays or LastSlot."""
    with transaction.atomic():
        current = _lock_current(user_id)
        row = KeySlot.objects.filter(user_id=user_id, id=slot_id).first()
        if row is None:
            return False
        if row.kind not in REMOVABLE:
            raise PasswordSlotStays("This slot is not removed by itself.")
        if current and _is_last(row, current):
            raise LastSlot("Nothing else would open the vault key.")
        row.delete()
        _tell(user_id, events.SLOT_REMOVED, row, at=at)
    return True


def change_passphrase(user_id: UUID, slot: crypto.PasswordSlot, *, at: datetime) -> None:
    """Store the slot of a new passphrase for the vault key in use; raises SlotRefused."""
    with transaction.atomic():
        current = _lock_current(user_id)
        if current is None or slot.vault_key_id != current.id:
            raise SlotRefused("The slot wraps another vault key than the one in use.")
        KeySlot.objects.filter(user_id=user_id, kind=KeySlot.Kind.PASSWORD).delete()
        _insert_slot(user_id, slot, at=at)
        audit.record(events.PASSPHRASE_CHANGED, user=user_id, at=at)
        signals.slots_changed.send(sender=KeySlot, user_id=user_id, at=at)


def is_former(row: KeySlot, current: VaultKey | None) -> bool:
    """Whether a slot opens an earlier vault key only: of a former password, or left behind."""
    return row.kind in REMOVABLE and current is not None and row.vault_key_id != current.id


def linked_keys(user_id: UUID) -> set[UUID]:
    """The earlier vault keys that a newer one opens."""
    older = KeySlot.objects.filter(user_id=user_id, kind=KeySlot.Kind.OLDER)
    return set(older.values_list("vault_key_id", flat=True))


def keep_former(
    user_id: UUID,
    former_id: UUID,
    older: crypto.AnySlot,
    *,
    again: crypto.AnySlot | None = None,
    at: datetime,
) -> KeySlot:
    """Trade a slot of an earlier vault key for one under the current key; raises SlotRefused.

    The browser has opened it. From now on whoever opens the current vault key reads what the
    earlier one closed. `again` is a slot of the same passkey or recovery key, which opens the
    current key from now on. The answer is that slot or, without it, the link to the earlier key.
    """
    with transaction.atomic():
        current = _lock_current(user_id)
        former = KeySlot.objects.filter(user_id=user_id, id=former_id).first()
        if former is None or current is None or not is_former(former, current):
            raise SlotRefused("There is no such slot of an earlier vault key.")
        _check_older(older, older_id=former.vault_key_id, newer_id=current.id)
        verifier = _verifier(former)
        former.delete()
        row = _insert_new(user_id, NewSlot(older), at=at)
        if again is not None:
            if again.kind != former.kind or again.kind not in ADDED_LATER:
                raise SlotRefused("The slot is not of the kind that was opened.")
            if again.vault_key_id != current.id:
                raise SlotRefused("The slot wraps another vault key than the one in use.")
            row = _insert_new(user_id, NewSlot(again, former.name, verifier), at=at)
        _tell(user_id, events.SLOT_ADDED, row, at=at)
    return row


def prove_recovery(user_id: UUID, verifier: bytes) -> KeySlot | None:
    """The recovery slot whose key somebody has proven to hold, or None."""
    proven = None
    # All are compared, so that time does not tell which of them came close.
    for row in slots(user_id).filter(kind=KeySlot.Kind.RECOVERY):
        if hmac.compare_digest(sealing.open_field(row, "sealed_verifier"), verifier):
            proven = row
    return proven


def replace_all(
    user_id: UUID,
    *,
    compromised: UUID,
    new_slots: Sequence[NewSlot],
    older: crypto.AnySlot,
    at: datetime,
) -> VaultKey:
    """Start a new vault key in place of one that others may know; raises SlotRefused.

    Nothing that opened the old key opens the new one: all its slots go. The old key itself stays,
    wrapped under the new one, because content may still be closed with it.
    """
    with transaction.atomic():
        current = _lock_current(user_id)
        if current is None or current.id != compromised:
            raise SlotRefused("The vault key was replaced in another window.")
        new_id = _check_new_slots(password_slot(user_id), new_slots)
        _check_older(older, older_id=compromised, newer_id=new_id)
        key = VaultKey(id=new_id, user_id=user_id, created_at=at)
        KeySlot.objects.filter(user_id=user_id, vault_key_id=compromised).delete()
        _insert(key)
        for new in (*new_slots, NewSlot(older)):
            _insert_new(user_id, new, at=at)
        audit.record(events.VAULT_KEY_REPLACED, user=user_id, at=at)
        signals.slots_changed.send(sender=KeySlot, user_id=user_id, at=at)
    return key


def _check_new_slots(password: crypto.PasswordSlot | None, new_slots: Sequence[NewSlot]) -> UUID:
    """The id of the vault key that the slots of a replacement share."""
    ids = {new.slot.vault_key_id for new in new_slots}
    if len(ids) != 1:
        raise SlotRefused("The new slots wrap more than one vault key, or none.")
    if any(new.slot.kind == crypto.OLDER for new in new_slots):
        raise SlotRefused("A new vault key is not an older one.")
    salts = [new.slot.salt for new in new_slots if isinstance(new.slot, crypto.PasswordSlot)]
    # The password is the same as before, and so must be what is derived from it.
    if salts != ([password.salt] if password else []):
        raise SlotRefused("The password in use must open the new vault key.")
    if not any(_lasts(new.slot.kind) for new in new_slots):
        raise SlotRefused("A password or a recovery key must open the new vault key.")
    return ids.pop()


def _check_older(slot: crypto.AnySlot, *, older_id: UUID, newer_id: UUID) -> None:
    if not isinstance(slot, crypto.KeySlot) or slot.kind != crypto.OLDER:
        raise SlotRefused("The older vault key does not come in a slot of its kind.")
    if slot.vault_key_id != older_id or slot.newer_key_id != newer_id:
        raise SlotRefused("The slot does not wrap the older vault key under the newer one.")


def _verifier(row: KeySlot) -> bytes:
    return sealing.open_field(row, "sealed_verifier") if row.sealed_verifier else b""


def _lasts(kind: str) -> bool:
    return kind in {crypto.PASSWORD, crypto.RECOVERY}


def _is_last(row: KeySlot, current: VaultKey) -> bool:
    if row.vault_key_id != current.id or not _lasts(row.kind):
        return False
    others = KeySlot.objects.filter(vault_key=current).exclude(pk=row.pk)
    return not others.filter(kind__in=(crypto.PASSWORD, crypto.RECOVERY)).exists()


def leads_to(user_id: UUID, vault_key_id: UUID) -> bool:
    """Whether the current vault key is this one, or one that wraps it, be it over others."""
    current = current_vault_key(user_id)
    if current is None:
        return False
    links = [content(row) for row in slots(user_id).filter(kind=KeySlot.Kind.OLDER)]
    below: dict[UUID | None, list[UUID]] = {}
    for link in links:
        if isinstance(link, crypto.KeySlot):
            below.setdefault(link.newer_key_id, []).append(link.vault_key_id)
    reached = [current.id]
    for key_id in reached:
        reached.extend(each for each in below.get(key_id, []) if each not in reached)
    return vault_key_id in reached


def forget_older(user_id: UUID, vault_key_id: UUID, *, at: datetime) -> None:
    """Drop an older vault key, which nothing is closed with any more; raises SlotRefused."""
    with transaction.atomic():
        _lock_current(user_id)
        links = list(slots(user_id).filter(kind=KeySlot.Kind.OLDER))
        gone = [row for row in links if row.vault_key_id == vault_key_id]
        if not gone:
            raise SlotRefused("There is no such older vault key.")
        # It may wrap one that is older still.
        if any(content(row).bound == (vault_key_id,) for row in links):
            raise SlotRefused("An even older vault key hangs on this one.")
        for row in gone:
            row.delete()
            _tell(user_id, events.SLOT_REMOVED, row, at=at)


def hold_current(user_id: UUID) -> VaultKey | None:
    """The current vault key, which stays the current one until the transaction ends."""
    return _lock_current(user_id)


def _lock_current(user_id: UUID) -> VaultKey | None:
    """The current vault key; its row keeps two deeds on one user's slots apart."""
    keys = VaultKey.objects.select_for_update().filter(user_id=user_id)
    return keys.order_by("-created_at").first()


def _tell(user_id: UUID, event: str, row: KeySlot, *, at: datetime) -> None:
    audit.record(event, user=user_id, details={"slot": row.name}, facts={"kind": row.kind}, at=at)
    signals.slots_changed.send(sender=KeySlot, user_id=user_id, at=at)


def _insert_slot(user_id: UUID, slot: crypto.PasswordSlot, *, at: datetime) -> None:
    _insert_new(user_id, NewSlot(slot), at=at)


def _insert_new(user_id: UUID, new: NewSlot, *, at: datetime) -> KeySlot:
    is_recovery = new.slot.kind == crypto.RECOVERY
    if len(new.verifier) != (crypto.KEY_BYTES if is_recovery else 0):
        raise SlotRefused("A recovery slot has a verifier, and no other slot has one.")
    row = KeySlot(
        id=new.slot.slot_id,
        user_id=user_id,
        vault_key_id=new.slot.vault_key_id,
        kind=new.slot.kind,
        name=new.name,
        created_at=at,
    )
    sealing.seal_field(row, "sealed_slot", json.dumps(new.slot.as_wire()).encode())
    if is_recovery:
        sealing.seal_field(row, "sealed_verifier", new.verifier)
    _insert(row)
    return row


def _insert(row: VaultKey | KeySlot) -> None:
    # The browser chose the id. One that exists already is nobody's accident.
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise SlotRefused("The id of the slot or of the vault key is taken.") from None

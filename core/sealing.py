"""Sealing: how a secret lies in the database.

`seal(purpose, owner, place, data)` gives text like `k1:gAAAA…`: the id of the master key, then a
Fernet token (AES-128-CBC with HMAC-SHA-256) under a key of its own for this purpose and owner,
HKDF-SHA-256(master key, info = purpose and owner). The place, a row and a field, lies inside the
plaintext and is compared on opening.

Promised: a copy of the database without the master key opens nothing; a token moved to another
row, field, owner or purpose does not open; a changed token does not open, text included (a plain
Fernet accepts junk between its base64 characters). Not promised: that an old token put back into
its own place is noticed.
"""

from __future__ import annotations

import base64
import binascii
import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core import keyring

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import Model


class SealingError(Exception):
    """A sealed value could not be opened."""


class UnknownKey(SealingError):
    """Sealed under a master key that is not in the ring."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"This value needs master key “{key_id}”, which is not in MASTER_KEY.")
        self.key_id = key_id


class DamagedToken(SealingError):
    """Changed, cut, or sealed for another purpose or owner."""

    def __init__(self) -> None:
        super().__init__("The sealed value is damaged, or sealed for something else.")


class WrongPlace(SealingError):
    """A whole token, but one that belongs to another row or field."""

    def __init__(self) -> None:
        super().__init__("The sealed value belongs to another place.")


def seal(purpose: str, owner: UUID | str, place: str, data: bytes) -> str:
    """Seal bytes for one purpose, owner and place; the answer is ASCII text `key id:token`."""
    key_id = keyring.ring().current
    name = place.encode()
    token = _fernet(key_id, purpose, str(owner)).encrypt(len(name).to_bytes(2) + name + data)
    return f"{key_id}:{token.decode()}"


def unseal(purpose: str, owner: UUID | str, place: str, token: str) -> bytes:
    """Open what `seal` made with the same purpose, owner and place; raises SealingError."""
    return unseal_with(keyring.ring().keys, purpose, owner, place, token)


def unseal_with(
    keys: Mapping[str, bytes], purpose: str, owner: UUID | str, place: str, token: str
) -> bytes:
    """Open a value with master keys that are not this site's own, such as those of a backup."""
    key_id, _, sealed = token.partition(":")
    if key_id not in keys:
        raise UnknownKey(key_id)
    plain = _open(_derived(keys[key_id], purpose, str(owner)), sealed)
    size = int.from_bytes(plain[:2])
    name, data = plain[2 : 2 + size], plain[2 + size :]
    if name != place.encode():
        raise WrongPlace
    return data


def seal_field(instance: Model, name: str, data: bytes) -> None:
    """Seal `data` into the SealedField `name` of a row; its primary key must be known already."""
    purpose, owner, place = _address(instance, name)
    setattr(instance, name, seal(purpose, owner, place, data))


def open_field(instance: Model, name: str) -> bytes:
    """Open the SealedField `name` of a row; raises SealingError."""
    purpose, owner, place = _address(instance, name)
    return unseal(purpose, owner, place, getattr(instance, name))


def place_of(key: object, name: str) -> str:
    """The place of the field `name` in the row with this primary key, for `seal` and `unseal`."""
    return f"{key}|{name}"


def _address(instance: Model, name: str) -> tuple[str, str, str]:
    field = instance._meta.get_field(name)
    owner = getattr(instance, field.owner) if field.owner else ""  # type: ignore[union-attr]
    return field.purpose, str(owner), place_of(instance.pk, name)  # type: ignore[union-attr]


def _open(fernet: Fernet, sealed: str) -> bytes:
    # Python's base64 skips characters outside its alphabet and ignores unused trailing bits, so
    # that many texts decode to one token. Only the text that encoding gives back is accepted.
    try:
        raw = base64.urlsafe_b64decode(sealed)
        if base64.urlsafe_b64encode(raw).decode() != sealed:
            raise DamagedToken
        return fernet.decrypt(sealed)
    except (binascii.Error, ValueError, InvalidToken):
        raise DamagedToken from None


def _fernet(key_id: str, purpose: str, owner: str) -> Fernet:
    return _derived(keyring.ring().keys[key_id], purpose, owner)


@functools.lru_cache(maxsize=4096)
def _derived(master: bytes, purpose: str, owner: str) -> Fernet:
    info = b"authnode/v1/seal|" + purpose.encode() + b"|" + owner.encode()
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(master)
    return Fernet(base64.urlsafe_b64encode(key))

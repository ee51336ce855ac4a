"""What a browser posts in place of a password: an auth secret and the password's key slot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from keyslots import crypto


class CredentialsRefused(ValueError):
    """What was posted is not what a browser running this site's script posts."""


@dataclass(frozen=True, slots=True)
class NewCredentials:
    """A chosen password, as the server may know it. Salt and iterations are the slot's."""

    auth_secret: bytes = field(repr=False)
    slot: crypto.PasswordSlot


def read_auth_secret(posted: Mapping[str, str], name: str = "auth_secret") -> bytes:
    """The 32 bytes of a posted auth secret; anything else is refused unseen.

    A raw password posted by mistake ends here: it has not 43 characters of base64url, and it is
    neither logged nor repeated.
    """
    try:
        return crypto.parse_auth_secret(posted.get(name))
    except crypto.KeyslotRefusal:
        raise CredentialsRefused(name) from None


def read_new(posted: Mapping[str, str]) -> NewCredentials:
    """Read `new_auth_secret` and `password_slot` (the slot's JSON); raises CredentialsRefused."""
    auth_secret = read_auth_secret(posted, "new_auth_secret")
    return NewCredentials(auth_secret, read_slot(posted))


def read_slot(posted: Mapping[str, str], *, slot_id: UUID | None = None) -> crypto.PasswordSlot:
    try:
        slot = crypto.parse_password_slot(json.loads(posted.get("password_slot", "")[:2048]))
    except ValueError:
        raise CredentialsRefused("password_slot") from None
    if slot_id is not None and slot.slot_id != slot_id:
        raise CredentialsRefused("password_slot")
    return slot

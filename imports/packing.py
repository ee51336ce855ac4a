"""Accounts and readings as JSON, for sealing and for the way out of the reading process."""

from __future__ import annotations

import base64
import json
from dataclasses import fields
from typing import Any

from vault.formats.account import OtpAccount
from vault.formats.reading import MissingParts, Read, Refused
from vault.formats.refusals import FormatRefusal

_FIELDS = tuple(field.name for field in fields(OtpAccount))
_DEFAULTS = OtpAccount("totp", b"-")
_BYTES = tuple(name for name in _FIELDS if isinstance(getattr(_DEFAULTS, name), bytes))
_ROWS = ("note_fields", "note_codes")


def pack_account(account: OtpAccount) -> dict[str, Any]:
    """The secret, and what differs from an ordinary account."""
    packed = {
        name: value
        for name in _FIELDS
        if (value := getattr(account, name)) != getattr(_DEFAULTS, name) or name == "secret"
    }
    for name in _BYTES:
        if name in packed:
            packed[name] = base64.b64encode(packed[name]).decode()
    return packed


def unpack_account(packed: dict[str, Any]) -> OtpAccount:
    parts = dict(packed)
    for name in _BYTES:
        if name in parts:
            parts[name] = base64.b64decode(parts[name])
    parts["categories"] = tuple(parts.get("categories", ()))
    for name in _ROWS:
        parts[name] = tuple(tuple(row) for row in parts.get(name, ()))
    return OtpAccount(**{"type": "totp", **parts})


def pack_read(read: Read) -> dict[str, Any]:
    return {
        "accounts": [pack_account(account) for account in read.accounts],
        "refused": [[row.label, row.reason.reason] for row in read.refused],
        "groups": list(read.groups),
        "missing": [[part.id, part.size, list(part.indices)] for part in read.missing],
    }


def unpack_read(packed: dict[str, Any]) -> Read:
    return Read(
        tuple(unpack_account(account) for account in packed["accounts"]),
        tuple(Refused(label, FormatRefusal(reason)) for label, reason in packed["refused"]),
        tuple(packed["groups"]),
        tuple(MissingParts(id_, size, tuple(parts)) for id_, size, parts in packed["missing"]),
    )


def to_json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )

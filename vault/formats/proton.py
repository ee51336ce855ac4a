"""Proton Authenticator: plain and with a password. Proton Pass writes something else."""

from __future__ import annotations

from typing import Any

from vault.formats import kdf, otpauth
from vault.formats.account import OtpAccount
from vault.formats.pieces import (
    base64_of,
    document_of,
    list_of,
    naming,
    note_of,
    object_of,
    open_gcm,
    renamed,
)
from vault.formats.reading import Read, load_json, read_each, text_of
from vault.formats.refusals import Damaged, FormatRefusal, PasswordNeeded

name = "proton"

PASSES, MEMORY_KIB, LANES = 2, 19_456, 1
_LABEL = b"proton.authenticator.export.v1"
_NONCE_LENGTH = 12


def recognises(data: bytes) -> bool:
    return fits(document_of(data))


def fits(document: Any) -> bool:
    if not isinstance(document, dict) or "version" not in document:
        return False
    if isinstance(document.get("salt"), str) and isinstance(document.get("content"), str):
        return True
    entries = document.get("entries")
    return isinstance(entries, list) and all(map(_is_entry, entries))


def _is_entry(entry: Any) -> bool:
    content = entry.get("content") if isinstance(entry, dict) else None
    return isinstance(content, dict) and "uri" in content


def read(data: bytes, *, password: str | None = None) -> Read:
    document = load_json(data)
    if not isinstance(document, dict):
        raise Damaged
    if "entries" not in document:
        if not password:
            raise PasswordNeeded
        document = object_of(load_json(_open(document, password)))
    if document.get("version") != 1:
        raise FormatRefusal("unknown format")
    return read_each(list_of(document.get("entries")), _account)


def _open(document: dict[str, Any], password: str) -> bytes:
    salt, content = base64_of(document.get("salt")), base64_of(document.get("content"))
    key = kdf.argon2id(password, salt, passes=PASSES, memory_kib=MEMORY_KIB, lanes=LANES)
    return open_gcm(key, content[:_NONCE_LENGTH], content[_NONCE_LENGTH:], _LABEL)


def _account(entry: Any) -> OtpAccount:
    entry = object_of(entry)
    content = object_of(entry.get("content"))
    # Edited names stand here and not in the URI; some begin with a stray colon.
    title = text_of(content.get("name")).strip().removeprefix(":").strip()
    if content.get("entry_type") not in ("Totp", "Steam"):
        raise FormatRefusal("type", name=title)
    with naming("", title):
        account = otpauth.read(text_of(content.get("uri")))
    return renamed(account, name=title or account.name, note=note_of(entry.get("note")))

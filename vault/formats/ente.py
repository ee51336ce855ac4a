"""Ente Auth: lists of URIs that carry pins, notes and tags, plain and with a password."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

from nacl import bindings
from nacl.exceptions import CryptoError

from vault.formats import kdf, otpauth
from vault.formats.account import OtpAccount
from vault.formats.pieces import (
    base64_of,
    document_of,
    groups_of,
    list_of,
    note_of,
    object_of,
    renamed,
    text_in,
)
from vault.formats.reading import Read, number_of, read_each, text_of
from vault.formats.refusals import Damaged, FormatRefusal, PasswordNeeded, WrongPassword

name = "ente"

MAX_TEXT_LENGTH = 8 * 1024 * 1024
LONGEST_DISPLAY = 64 * 1024
_DISPLAY = re.compile(r"[?&]codeDisplay=([^&#]*)", re.IGNORECASE)
_COMMA_BEFORE_URI = re.compile(r",(?=otpauth://)", re.IGNORECASE)
# Old versions glued the period to the issuer.
_GLUED_PERIOD = re.compile(r"(?:&period=\d+|period)$")


def recognises(data: bytes) -> bool:
    return fits(document_of(data)) or is_list(data)


def fits(document: Any) -> bool:
    if not isinstance(document, dict):
        return False
    if "kdfParams" in document and "encryptedData" in document:
        return True
    items = document.get("items")
    return (
        isinstance(items, list)
        and bool(items)
        and all(isinstance(item, dict) and "rawData" in item for item in items)
    )


def is_list(data: bytes) -> bool:
    """A list of URIs as this app writes it: others have no codeDisplay."""
    head = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:10].lower()
    return head == b"otpauth://" and b"codedisplay=" in data.lower()


def read(data: bytes, *, password: str | None = None) -> Read:
    document = document_of(data)
    if document is None:
        return _read_list(text_in(data))
    if not fits(document):
        raise Damaged
    if "items" in document:
        return read_each(list_of(document["items"]), _old_item)
    if not password:
        raise PasswordNeeded
    return _read_list(text_in(_open(document, password)))


def _open(document: dict[str, Any], password: str) -> bytes:
    parameters = object_of(document.get("kdfParams"))
    key = kdf.argon2id(
        password,
        base64_of(parameters.get("salt"), length=16),
        passes=number_of(parameters.get("opsLimit"), "damaged"),
        memory_kib=number_of(parameters.get("memLimit"), "damaged") // 1024,
        lanes=1,
    )
    header = base64_of(document.get("encryptionNonce"), length=24)
    sealed = base64_of(document.get("encryptedData"))
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    if len(sealed) < bindings.crypto_secretstream_xchacha20poly1305_ABYTES:
        raise Damaged
    bindings.crypto_secretstream_xchacha20poly1305_init_pull(state, header, key)
    try:
        # The app forgets to mark the one message as the last; both marks are real.
        plain, _ = bindings.crypto_secretstream_xchacha20poly1305_pull(state, sealed)
    except (CryptoError, RuntimeError):
        raise WrongPassword from None
    return bytes(plain)


def _read_list(text: str) -> Read:
    if len(text) > MAX_TEXT_LENGTH:
        raise FormatRefusal("too large")
    # Only line feeds part lines: names may hold what str.splitlines() takes for an end.
    lines = [line.strip() for line in text.strip().split("\n")]
    if len(lines) == 1:
        lines = _COMMA_BEFORE_URI.split(lines[0])
    return read_each(filter(None, lines), _account)


def _account(uri: str) -> OtpAccount:
    found = _DISPLAY.search(uri)
    display = _display_of(found[1]) if found else {}
    # A note may be longer than any URI is: it goes before the rest is read.
    account = otpauth.read(_DISPLAY.sub("", uri) if found and "?" in uri[: found.start()] else uri)
    return _displayed(account, display)


def _old_item(item: Any) -> OtpAccount:
    item = object_of(item)
    return _displayed(otpauth.read(text_of(item.get("rawData"))), object_of(item.get("display")))


def _displayed(account: OtpAccount, display: dict[str, Any]) -> OtpAccount:
    issuer = _GLUED_PERIOD.sub("", account.issuer)
    if display.get("trashed") is True:
        raise FormatRefusal("deleted", issuer=issuer, name=account.name)
    tags = display.get("tags")
    return renamed(
        account,
        issuer=issuer,
        note=note_of(display.get("note")),
        favourite=display.get("pinned") is True,
        categories=groups_of(tags) if isinstance(tags, list) else account.categories,
    )


def _display_of(value: str) -> dict[str, Any]:
    if len(value) > LONGEST_DISPLAY:
        return {}
    # What belongs to the screen never decides whether the account is read.
    try:
        display = json.loads(unquote(value).replace("%2C", ","))
    except (ValueError, RecursionError):
        return {}
    return display if isinstance(display, dict) else {}

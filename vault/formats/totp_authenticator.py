"""TOTP Authenticator (BinaryBoot): its backup, one line of Base64, and its settings file."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Any

from vault.formats.account import OtpAccount
from vault.formats.android_preferences import read_strings, strings_of
from vault.formats.pieces import (
    account_of,
    base64_of,
    object_of,
    open_cbc,
    opened_json,
)
from vault.formats.reading import Read, load_json, read_each, text_of
from vault.formats.refusals import Damaged, FormatRefusal, PasswordNeeded, WrongPassword

name = "totp_authenticator"

# What the app takes when a person sets no password.
DEFAULT_PASSWORD = "TotpAuthenticator"
SETTING = "STATIC_TOTP_CODES_LIST"
_LINE = re.compile(rb"\s*[A-Za-z0-9+/\r\n]{22,}={0,2}\s*")


def recognises(data: bytes) -> bool:
    if SETTING in strings_of(data):
        return True
    if not _LINE.fullmatch(data):
        return False
    text = b"".join(data.split())
    padded = len(text) - text.count(b"=")
    return len(text) % 4 == 0 and (padded * 3 // 4) % 16 == 0


def read(data: bytes, *, password: str | None = None) -> Read:
    if data.lstrip().startswith(b"<"):
        rows = load_json(read_strings(data).get(SETTING, "").encode())
    else:
        rows = _open(data, password)
    if not isinstance(rows, list):
        raise Damaged
    return read_each(rows, _account)


def _open(data: bytes, password: str | None) -> Any:
    try:
        sealed = base64.b64decode(b"".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Damaged from None
    try:
        return _opened(sealed, password or DEFAULT_PASSWORD)
    except WrongPassword:
        if password:
            raise
        raise PasswordNeeded from None


def _opened(sealed: bytes, password: str) -> Any:
    key = hashlib.sha256(password.encode("utf-8", "surrogatepass")).digest()
    document = opened_json(open_cbc(key, bytes(16), sealed))
    # The list is the first key of an object, as a text within the text.
    first = next(iter(document), "") if isinstance(document, dict) else ""
    return opened_json(first.encode())


def _account(row: Any) -> OtpAccount:
    row = object_of(row)
    issuer, account = text_of(row.get("issuer")), text_of(row.get("name"))
    try:
        secret = _secret_of(text_of(row.get("key")), row.get("base"))
    except Damaged:
        raise FormatRefusal("secret", issuer=issuer, name=account) from None
    return account_of(
        "totp",
        secret,
        issuer=issuer,
        name=account,
        digits=row.get("digits"),
        period=row.get("period"),
        favourite=row.get("isFavorite"),
    )


def _secret_of(key: str, base: Any) -> bytes | str:
    match base:
        case 16:
            try:
                return bytes.fromhex(key)
            except ValueError:
                raise Damaged from None
        case 64:
            return base64_of(key)
        case _:
            return key

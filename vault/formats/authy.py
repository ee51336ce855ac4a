"""Authy: its settings file from a rooted phone; the app exports nothing.

Sealed entries open with the password of its backups. Authy's own accounts, to which no
service ever showed a QR code, have a secret in hex and a period of ten seconds.
"""

from __future__ import annotations

from typing import Any

from vault.formats import kdf
from vault.formats.account import OtpAccount, split_label
from vault.formats.android_preferences import read_strings, strings_of
from vault.formats.pieces import account_of, base64_of, list_of, naming, object_of, open_cbc
from vault.formats.reading import Read, load_json, read_each, text_of
from vault.formats.refusals import (
    Damaged,
    FormatRefusal,
    PasswordNeeded,
    WrongPassword,
)

name = "authy"

ITERATIONS = 1_000
SETTING = "com.authy.storage.tokens.authenticator.key"


def recognises(data: bytes) -> bool:
    return SETTING in strings_of(data)


def read(data: bytes, *, password: str | None = None) -> Read:
    strings = read_strings(data)
    if SETTING not in strings:
        raise Damaged
    rows = [object_of(row) for row in list_of(load_json(strings[SETTING].encode()))]
    sealed = [row for row in rows if _is_sealed(row)]
    keys: dict[str, bytes] = {}
    if sealed:
        if not password:
            raise PasswordNeeded
        # All rows have one salt in real files: more than a few would only cost time.
        salts = {text_of(row.get("salt")) for row in sealed[:1000]}
        if len(salts) > 20 or len(sealed) > 1000:
            raise FormatRefusal("too expensive")
        keys = {
            salt: kdf.pbkdf2(password, salt.encode(), ITERATIONS, algorithm="sha1")
            for salt in salts
        }
        # One that opens proves the password; the others are then damaged by themselves.
        if not any(_opens(row, keys) for row in sealed):
            raise WrongPassword
    return read_each(rows, lambda row: _account(row, keys))


def _is_sealed(row: dict[str, Any]) -> bool:
    return "encryptedSecret" in row and not row.get("decryptedSecret")


def _opens(row: dict[str, Any], keys: dict[str, bytes]) -> bool:
    try:
        _account(row, keys)
    except FormatRefusal:
        return False
    return True


def _account(row: dict[str, Any], keys: dict[str, bytes]) -> OtpAccount:
    issuer, account = _names(row)
    with naming(issuer, account):
        if row.get("secretSeed"):
            secret: bytes | str = _hex(text_of(row["secretSeed"]))
            return account_of(
                "totp", secret, issuer=issuer, name=account, digits=row.get("digits"), period=10
            )
        secret = _secret(row, keys)
    return account_of("totp", secret, issuer=issuer, name=account, digits=row.get("digits"))


def _secret(row: dict[str, Any], keys: dict[str, bytes]) -> str:
    if not _is_sealed(row):
        return text_of(row.get("decryptedSecret"))
    key = keys[text_of(row.get("salt"))]
    try:
        opened = open_cbc(key, bytes(16), base64_of(row["encryptedSecret"]))
        return opened.decode("ascii")
    except (FormatRefusal, UnicodeDecodeError):
        raise FormatRefusal("secret") from None


def _names(row: dict[str, Any]) -> tuple[str, str]:
    return split_label(
        text_of(row.get("originalName")) or text_of(row.get("name")),
        text_of(row.get("originalIssuer")),
    )


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise FormatRefusal("secret") from None

"""andOTP: a bare JSON array of entries, and the same sealed with a password (`.json.aes`).

The app reads until the first entry it does not understand and silently keeps what came before:
every entry is written complete, with the types and algorithms in capitals.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vault.formats import kdf
from vault.formats.account import OtpAccount, read_algorithm, read_secret, tidy
from vault.formats.reading import MAX_BYTES, Read, load_json, number_of, read_each, text_of
from vault.formats.refusals import (
    Damaged,
    FormatRefusal,
    PasswordNeeded,
    TooExpensive,
    TooLarge,
    WrongPassword,
)

name = "andotp"

# The password box of the app takes no shorter one, not even for restoring.
MIN_PASSWORD_LENGTH = 6

_MIN_ITERATIONS, _MAX_ITERATIONS = 140_000, 160_000
_COUNT_BYTES, _SALT_BYTES, _NONCE_BYTES, _TAG_BYTES = 4, 12, 12, 16
_LEAST_SEALED = _COUNT_BYTES + _SALT_BYTES + _NONCE_BYTES + _TAG_BYTES
_ENTRY_KEYS = ("secret", "label")


def recognises(data: bytes) -> bool:
    """A JSON array of entries, or bytes that start like the sealed form, which has no mark."""
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{"):
        return _is_plain(data)
    iterations = int.from_bytes(data[:_COUNT_BYTES])
    return len(data) >= _LEAST_SEALED and 1 <= iterations <= kdf.MAX_PBKDF2_ITERATIONS


def misfit(account: OtpAccount) -> str:
    """What of an account has no place here, as a reason, or nothing."""
    # A Steam entry has no period of its own.
    return "period" if account.is_steam and account.period != 30 else ""


def read(data: bytes, *, password: str | None = None) -> Read:
    if len(data) > MAX_BYTES:
        raise TooLarge
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"[", b"{"):
        if password is None:
            raise PasswordNeeded
        data = _open(data, password)
    entries = load_json(data)
    if isinstance(entries, dict):
        # An envelope that some programs write under this name; no app reads it.
        entries = entries.get("entries")
    if not isinstance(entries, list):
        raise Damaged
    read = read_each(entries, _read_entry)
    groups = dict.fromkeys(tag for account in read.accounts for tag in account.categories)
    return Read(read.accounts, read.refused, tuple(groups))


def write(accounts: Iterable[OtpAccount]) -> Iterator[bytes]:
    """The plain file, piece by piece."""
    is_first = True
    yield b"["
    for account in accounts:
        yield (b"\n" if is_first else b",\n") + json.dumps(_entry(account)).encode()
        is_first = False
    yield b"\n]\n"


def write_sealed(accounts: Iterable[OtpAccount], password: str) -> bytes:
    """The file sealed with a password, as the app itself does: PBKDF2-SHA1, which is weak."""
    iterations = _MIN_ITERATIONS + secrets.randbelow(_MAX_ITERATIONS - _MIN_ITERATIONS + 1)
    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
    key = kdf.pbkdf2(password, salt, iterations, algorithm="sha1")
    sealed = AESGCM(key).encrypt(nonce, b"".join(write(accounts)), None)
    return iterations.to_bytes(_COUNT_BYTES) + salt + nonce + sealed


def _is_plain(data: bytes) -> bool:
    try:
        return fits(load_json(data))
    except FormatRefusal:
        return False


def fits(entries: Any) -> bool:
    """By the parsed document: an array of entries, or the envelope around it."""
    if isinstance(entries, dict):
        entries = entries.get("entries") if entries.keys() <= {"version", "entries"} else None
        if not entries:
            return False
    if not isinstance(entries, list):
        return False
    return not entries or (
        isinstance(entries[0], dict) and all(key in entries[0] for key in _ENTRY_KEYS)
    )


def _entry(account: OtpAccount) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "secret": base64.b32encode(account.secret).decode(),
        "issuer": account.issuer,
        "label": account.name,
        "digits": account.digits,
        "type": account.type.upper(),
        "algorithm": account.algorithm,
        "thumbnail": "Default",
        "last_used": 0,
        "used_frequency": 0,
    }
    if account.is_hotp:
        entry["counter"] = account.counter
    elif not account.is_steam:
        entry["period"] = account.period
    return entry | {"tags": list(account.categories)}


def _open(data: bytes, password: str) -> bytes:
    """The text of a sealed file, in the form of today or that of 0.6.2 and before."""
    if len(data) < _NONCE_BYTES + _TAG_BYTES:
        raise Damaged
    iterations = int.from_bytes(data[:_COUNT_BYTES])
    # Nothing in a file says which form it is: the old one starts with random bytes.
    opened = _open_old(data, password)
    if opened is not None:
        return opened
    if len(data) < _LEAST_SEALED or iterations < 1:
        raise WrongPassword
    if iterations > kdf.MAX_PBKDF2_ITERATIONS:
        raise TooExpensive
    salt_end = _COUNT_BYTES + _SALT_BYTES
    key = kdf.pbkdf2(password, data[_COUNT_BYTES:salt_end], iterations, algorithm="sha1")
    nonce_end = salt_end + _NONCE_BYTES
    try:
        return AESGCM(key).decrypt(data[salt_end:nonce_end], data[nonce_end:], None)
    except InvalidTag:
        raise WrongPassword from None


def _open_old(data: bytes, password: str) -> bytes | None:
    key = hashlib.sha256(password.encode("utf-8", "surrogatepass")).digest()
    try:
        return AESGCM(key).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], None)
    except InvalidTag:
        return None


def _read_entry(entry: Any) -> OtpAccount:
    if not isinstance(entry, dict):
        raise FormatRefusal("damaged")
    issuer, account_name = _names(entry)
    try:
        return _read_details(entry, issuer, account_name)
    except FormatRefusal as refusal:
        raise FormatRefusal(refusal.reason, issuer=issuer, name=account_name) from None


def _names(entry: Mapping[str, Any]) -> tuple[str, str]:
    label = tidy(text_of(entry.get("label")))
    if "issuer" in entry:
        return tidy(text_of(entry["issuer"])), label
    # Version 0.6.2 and before: "Issuer - name", sometimes "Issuer - Issuer:name".
    issuer, dash, account_name = label.partition(" - ")
    if not dash:
        return "", label
    return issuer.strip(), account_name.removeprefix(f"{issuer}:").strip()


def _read_details(entry: Mapping[str, Any], issuer: str, account_name: str) -> OtpAccount:
    kind = text_of(entry.get("type", "TOTP")).lower()
    is_hotp = kind == "hotp"
    return OtpAccount(
        kind,
        read_secret(text_of(entry.get("secret"))),
        issuer=issuer,
        name=account_name,
        algorithm=read_algorithm(text_of(entry.get("algorithm"))),
        digits=number_of(entry.get("digits", 6), "digits"),
        period=30 if is_hotp else number_of(entry.get("period", 30), "period"),
        counter=number_of(entry.get("counter", 0), "counter") if is_hotp else 0,
        categories=_tags(entry.get("tags")),
    )


def _tags(tags: Any) -> tuple[str, ...]:
    if not isinstance(tags, list):
        return ()
    titles = (tidy(tag) for tag in tags if isinstance(tag, str))
    return tuple(dict.fromkeys(title for title in titles if title))

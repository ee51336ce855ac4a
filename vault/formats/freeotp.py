"""FreeOTP 1 and 2, and FreeOTP+: settings file, Java-serialised backup, JSON.

The counter in these files is the next one to use. FreeOTP 1 and FreeOTP+ store that of a
scanned code lowered by one, so that such an entry lags behind the code it came from; that is
how it stands in the app, and is taken as it stands.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vault.formats import java_map, kdf
from vault.formats.account import OtpAccount
from vault.formats.android_preferences import read_strings, strings_of
from vault.formats.pieces import account_of, bytes_of, document_of, object_of, open_gcm
from vault.formats.reading import Read, load_json, number_of, read_each, text_of
from vault.formats.refusals import Damaged, FormatRefusal, PasswordNeeded

name = "freeotp"

_TOKEN = "-token"
_MASTER = "masterKey"
SETTING = "tokenOrder"
_NONCE_LENGTH = 12
_HASHES = {"PBKDF2withHmacSHA1": "sha1", "PBKDF2withHmacSHA512": "sha512"}


def recognises(data: bytes) -> bool:
    if java_map.is_one(data):
        return True
    return SETTING in strings_of(data) or fits(document_of(data))


def fits(document: Any) -> bool:
    return isinstance(document, dict) and "tokens" in document and SETTING in document


def read(data: bytes, *, password: str | None = None) -> Read:
    if java_map.is_one(data):
        return _read_backup(java_map.read(data), password)
    if data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
        return _read_settings(read_strings(data))
    document = load_json(data)
    if not fits(document) or not isinstance(document["tokens"], list):
        raise Damaged
    return read_each(document["tokens"], _plain)


def _read_settings(strings: dict[str, str]) -> Read:
    order = load_json(strings.get(SETTING, "[]").encode())
    named = [key for key in order if isinstance(key, str)] if isinstance(order, list) else []
    keys = dict.fromkeys([*named, *strings])
    texts = [strings[key] for key in keys if key in strings and key != SETTING]
    # Other settings of the app stand between its tokens.
    tokens = [text for text in texts if text.lstrip().startswith("{")]
    return read_each(tokens, lambda text: _plain(load_json(text.encode())))


def _read_backup(strings: dict[str, str], password: str | None) -> Read:
    if _MASTER not in strings:
        raise Damaged
    if not password:
        raise PasswordNeeded
    master = _open_master(object_of(load_json(strings[_MASTER].encode())), password)
    ids = [key for key in strings if f"{key}{_TOKEN}" in strings]
    return read_each(ids, lambda key: _sealed(strings, key, master))


def _open_master(document: dict[str, Any], password: str) -> bytes:
    algorithm = _HASHES.get(text_of(document.get("mAlgorithm")))
    if algorithm is None:
        raise FormatRefusal("unknown format")
    iterations = number_of(document.get("mIterations"), "damaged")
    salt = bytes_of(document.get("mSalt"))
    key = kdf.pbkdf2(password, salt, iterations, algorithm=algorithm)
    return _open(object_of(document.get("mEncryptedKey")), key)


def _sealed(strings: dict[str, str], key: str, master: bytes) -> OtpAccount:
    token = object_of(load_json(strings[f"{key}{_TOKEN}"].encode()))
    issuer, label = _names(token)
    try:
        wrapped = object_of(load_json(strings.get(key, "").encode()))
        sealed = object_of(load_json(text_of(wrapped.get("key")).encode()))
        secret = _open(sealed, master)
    except FormatRefusal:
        # The master key is the right one: only this one entry is damaged.
        raise FormatRefusal("secret", issuer=issuer, name=label) from None
    return _account(token, secret)


def _open(sealed: dict[str, Any], key: bytes) -> bytes:
    if len(key) not in (16, 24, 32) or sealed.get("mCipher") != "AES/GCM/NoPadding":
        raise Damaged
    nonce = _nonce_of(bytes_of(sealed.get("mParameters")))
    extra = text_of(sealed.get("mToken")).encode()
    return open_gcm(key, nonce, bytes_of(sealed.get("mCipherText")), extra)


def _nonce_of(parameters: bytes) -> bytes:
    """The nonce in DER: within a sequence, or, from old phones, alone."""
    if parameters[:1] == b"\x30":
        parameters = parameters[2:]
    nonce = parameters[2 : 2 + _NONCE_LENGTH]
    if parameters[:2] != bytes((0x04, _NONCE_LENGTH)) or len(nonce) != _NONCE_LENGTH:
        raise Damaged
    return nonce


def _plain(token: Any) -> OtpAccount:
    token = object_of(token)
    issuer, label = _names(token)
    try:
        secret = bytes_of(token.get("secret"))
    except Damaged:
        raise FormatRefusal("secret", issuer=issuer, name=label) from None
    return _account(token, secret)


def _account(token: dict[str, Any], secret: bytes) -> OtpAccount:
    issuer, label = _names(token)
    kind = text_of(token.get("type")).lower() or "totp"
    digits = token.get("digits")
    if kind == "totp" and issuer == "Steam" and digits in (None, 5):
        kind = "steam"
    return account_of(
        kind,
        secret,
        issuer=issuer,
        name=label,
        algorithm=token.get("algo"),
        digits=digits,
        period=token.get("period"),
        counter=token.get("counter"),
    )


def _names(token: dict[str, Any]) -> tuple[str, str]:
    """Issuer and account; what a person typed over them comes first."""
    keys: Iterable[str] = ("issuerAlt", "issuerExt", "issuerInt")
    issuer = next((text for key in keys if (text := text_of(token.get(key)))), "")
    return issuer, text_of(token.get("labelAlt")) or text_of(token.get("label"))

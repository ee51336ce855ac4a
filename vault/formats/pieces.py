"""What the readers of other apps' files have in common: names, Base64, ciphers, JSON shapes."""

from __future__ import annotations

import base64
import binascii
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.padding import PKCS7

from vault.formats.account import OtpAccount, read_algorithm, read_secret, tidy
from vault.formats.reading import load_json, number_of, text_of
from vault.formats.refusals import Damaged, FormatRefusal, WrongPassword

LONGEST_NOTE = 15_000
MOST_GROUPS = 50

_AES_BLOCK = 16
_UNFIT = frozenset({"Cc", "Cs"})


@contextmanager
def naming(issuer: str, name: str) -> Iterator[None]:
    """Let a refusal inside say which entry it is about."""
    try:
        yield
    except FormatRefusal as refusal:
        raise FormatRefusal(refusal.reason, issuer=issuer, name=name) from None


def account_of(
    kind: str,
    secret: bytes | str,
    *,
    issuer: str,
    name: str,
    algorithm: Any = None,
    digits: Any = None,
    period: Any = None,
    counter: Any = None,
    note: Any = None,
    favourite: Any = False,
    groups: Iterable[str] = (),
) -> OtpAccount:
    """An account out of loosely typed parts; what is missing gets the value apps assume."""
    issuer, name = tidy(issuer), tidy(name)
    kind = kind.strip().lower()
    with naming(issuer, name):
        return OtpAccount(
            kind,
            read_secret(secret) if isinstance(secret, str) else secret,
            issuer=issuer,
            name=name,
            algorithm="SHA1" if kind == "steam" else read_algorithm(text_of(algorithm)),
            digits=_number(digits, "digits", 6) if kind != "steam" else 5,
            period=_number(period, "period", 30) if kind != "hotp" else 30,
            counter=_number(counter, "counter", 0) if kind == "hotp" else 0,
            note=note_of(note),
            favourite=favourite is True,
            categories=groups_of(groups),
        )


def note_of(value: Any) -> str:
    """A note as text of several lines, without what no text holds, and of a bounded length."""
    if not isinstance(value, str):
        return ""
    text = value.replace("\r\n", "\n")
    if text.isprintable():
        return text.strip()[:LONGEST_NOTE]
    kept = (sign for sign in text if sign in "\n\t" or unicodedata.category(sign) not in _UNFIT)
    return "".join(kept).strip()[:LONGEST_NOTE]


def groups_of(names: Iterable[Any]) -> tuple[str, ...]:
    """Names of groups, tidied, each once."""
    tidied = (tidy(name) for name in names if isinstance(name, str))
    return tuple(dict.fromkeys(name for name in tidied if name))[:MOST_GROUPS]


def object_of(value: Any) -> dict[str, Any]:
    """A JSON object; nothing for null; raises Damaged."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Damaged
    return value


def list_of(value: Any) -> list[Any]:
    """A JSON list; nothing for null; raises Damaged."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Damaged
    return value


def document_of(data: bytes) -> Any:
    """The JSON of a file, or None when it is none."""
    if data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] not in (b"{", b"["):
        return None
    try:
        return load_json(data)
    except FormatRefusal:
        return None


def text_in(data: bytes) -> str:
    """The text of a file in UTF-8; raises Damaged."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Damaged from None


def base64_of(text: Any, *, length: int | None = None) -> bytes:
    """Bytes of standard Base64; raises Damaged when it is none or of another length."""
    if not isinstance(text, str):
        raise Damaged
    try:
        found = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise Damaged from None
    if length is not None and len(found) != length:
        raise Damaged
    return found


def bytes_of(values: Any) -> bytes:
    """Bytes written as a JSON list of numbers, with or without sign; raises Damaged."""
    if not isinstance(values, list):
        raise Damaged
    if not all(isinstance(value, int) and -128 <= value <= 255 for value in values):
        raise Damaged
    return bytes(value & 0xFF for value in values)


def open_gcm(key: bytes, nonce: bytes, sealed: bytes, extra: bytes | None = None) -> bytes:
    """AES-GCM, the tag at the end; raises WrongPassword, which a damaged file looks like too."""
    if not 8 <= len(nonce) <= 128 or len(sealed) < _AES_BLOCK:
        raise Damaged
    try:
        return AESGCM(key).decrypt(nonce, sealed, extra)
    except InvalidTag:
        raise WrongPassword from None


def open_cbc(key: bytes, iv: bytes, sealed: bytes) -> bytes:
    """AES-CBC with PKCS#7; raises WrongPassword for wrong padding, Damaged for wrong lengths."""
    if len(iv) != _AES_BLOCK or not sealed or len(sealed) % _AES_BLOCK:
        raise Damaged
    decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    padded = decryptor.update(sealed) + decryptor.finalize()
    unpadder = PKCS7(8 * _AES_BLOCK).unpadder()
    try:
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        raise WrongPassword from None


def opened_json(plain: bytes) -> Any:
    """JSON that a password opened; without a tag, nonsense means that the password was wrong."""
    try:
        return load_json(plain)
    except Damaged:
        raise WrongPassword from None


def _number(value: Any, reason: str, default: int) -> int:
    if value is None or (isinstance(value, str) and not value.strip()):
        return default
    return number_of(value, reason)


def renamed(account: OtpAccount, **changes: Any) -> OtpAccount:
    """The same account with other names, groups or note."""
    for part in ("issuer", "name"):
        if part in changes:
            changes[part] = tidy(changes[part])
    with naming(changes.get("issuer", account.issuer), changes.get("name", account.name)):
        return replace(account, **changes)

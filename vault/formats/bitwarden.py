"""Bitwarden: JSON exports of the vault and of its authenticator app, plain or with a password.

Of a password vault only the second factors are taken; passwords, cards and the rest are
dropped with the document. An export that is bound to the account is refused.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any

from vault.formats import kdf, otpauth
from vault.formats.account import OtpAccount
from vault.formats.pieces import (
    account_of,
    base64_of,
    document_of,
    groups_of,
    list_of,
    naming,
    note_of,
    object_of,
    open_cbc,
    renamed,
)
from vault.formats.reading import Read, load_json, number_of, read_each, text_of
from vault.formats.refusals import Damaged, FormatRefusal, PasswordNeeded, WrongPassword

name = "bitwarden"

_LOGIN = 1
_PBKDF2, _ARGON2ID = 0, 1
# A kind of cipher and three parts of Base64; kind 2 is AES-CBC with HMAC-SHA-256.
_SEALED = re.compile(r"2\.([^|]*)\|([^|]*)\|([^|]*)")


def recognises(data: bytes) -> bool:
    return fits(document_of(data))


def fits(document: Any) -> bool:
    if not isinstance(document, dict) or "encrypted" not in document:
        return False
    return "items" in document or "data" in document


def read(data: bytes, *, password: str | None = None) -> Read:
    document = load_json(data)
    if not fits(document):
        raise Damaged
    if document["encrypted"]:
        if not document.get("passwordProtected"):
            raise FormatRefusal("restricted")
        if not password:
            raise PasswordNeeded
        document = object_of(load_json(_open(document, password)))

    folders = {
        text_of(row.get("id")): text_of(row.get("name"))
        for kind in ("folders", "collections")
        for row in map(object_of, list_of(document.get(kind)))
    }
    items = [item for item in map(object_of, list_of(document.get("items"))) if _totp_of(item)]
    return read_each(
        items, lambda item: _account(item, folders), groups=groups_of(folders.values())
    )


def _open(document: dict[str, Any], password: str) -> bytes:
    # The salt is the Base64 text itself, not what it stands for.
    salt = text_of(document.get("salt")).encode()
    iterations = number_of(document.get("kdfIterations"), "damaged")
    match document.get("kdfType"):
        case 0:
            key = kdf.pbkdf2(password, salt, iterations, algorithm="sha256")
        case 1:
            key = kdf.argon2id(
                password,
                hashlib.sha256(salt).digest(),
                passes=iterations,
                memory_kib=number_of(document.get("kdfMemory"), "damaged") * 1024,
                lanes=number_of(document.get("kdfParallelism"), "damaged"),
            )
        case _:
            raise FormatRefusal("unknown format")
    return _open_sealed(text_of(document.get("data")), _expand(key, b"enc"), _expand(key, b"mac"))


def _expand(key: bytes, label: bytes) -> bytes:
    """HKDF-Expand with SHA-256 to 32 bytes, which is a single HMAC."""
    return hmac.digest(key, label + b"\x01", "sha256")


def _open_sealed(sealed: str, key: bytes, mac_key: bytes) -> bytes:
    match = _SEALED.fullmatch(sealed)
    if not match:
        raise Damaged
    iv, ciphertext, mac = (base64_of(part) for part in match.groups())
    if not hmac.compare_digest(hmac.digest(mac_key, iv + ciphertext, "sha256"), mac):
        raise WrongPassword
    return open_cbc(key, iv, ciphertext)


def _totp_of(item: dict[str, Any]) -> str:
    """The second factor of an item; most items have none."""
    login = item.get("login")
    totp = login.get("totp") if item.get("type") == _LOGIN and isinstance(login, dict) else None
    return totp.strip() if isinstance(totp, str) else ""


def _account(item: dict[str, Any], folders: dict[str, str]) -> OtpAccount:
    title, user = text_of(item.get("name")), text_of(item["login"].get("username"))
    places = [item.get("folderId"), *list_of(item.get("collectionIds"))]
    extra = {
        "note": note_of(item.get("notes")),
        "favourite": item.get("favorite") is True,
        "categories": groups_of(folders.get(text_of(place), "") for place in places),
    }
    return read_field(_totp_of(item), title=title, user=user, extra=extra)


def read_field(totp: str, *, title: str, user: str, extra: dict[str, Any]) -> OtpAccount:
    """What a password manager keeps in its field for the second factor: URI or bare secret."""
    if "://" not in totp:
        bare = account_of("totp", totp, issuer=title, name=user)
        return renamed(bare, **extra)
    with naming(title, user):
        account = otpauth.read(totp)
    if totp.lower().startswith("steam://"):
        return renamed(account, issuer=title, name=user, **extra)
    # An item that is called like the account says nothing of who issued it.
    issuer = account.issuer or ("" if title == account.name else title)
    return renamed(account, issuer=issuer, name=account.name or user, **extra)

"""Stratum, formerly Authenticator Pro: backups of both encryptions, plain JSON, HTML."""

from __future__ import annotations

import html
import re
from typing import Any

from vault.formats import kdf, otpauth
from vault.formats.account import OtpAccount
from vault.formats.pieces import (
    account_of,
    document_of,
    groups_of,
    list_of,
    naming,
    object_of,
    open_cbc,
    open_gcm,
    opened_json,
    text_in,
)
from vault.formats.reading import Read, load_json, read_each, text_of
from vault.formats.refusals import Damaged, FormatRefusal, PasswordNeeded

name = "stratum"

STRONG, LEGACY = b"AUTHENTICATORPRO", b"AuthenticatorPro"
PASSES, MEMORY_KIB, LANES = 3, 65_536, 4
LEGACY_ITERATIONS = 64_000
TYPES = {1: "hotp", 2: "totp", 4: "steam"}
ALGORITHMS = {0: "SHA1", 1: "SHA256", 2: "SHA512"}

_CODE = re.compile(r"<code>([^<]{1,8192})</code>", re.IGNORECASE)


def recognises(data: bytes) -> bool:
    return data.startswith((STRONG, LEGACY)) or fits(document_of(data)) or is_html(data)


def fits(document: Any) -> bool:
    return isinstance(document, dict) and isinstance(document.get("Authenticators"), list)


def is_html(data: bytes) -> bool:
    head = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:15].lower()
    is_page = head.startswith((b"<!doctype html", b"<html"))
    return is_page and (b"<code>otpauth" in data or b"<code>motp" in data)


def read(data: bytes, *, password: str | None = None) -> Read:
    if data.startswith((STRONG, LEGACY)):
        if not password:
            raise PasswordNeeded
        return _read(_open(data, password))
    if is_html(data):
        links = [html.unescape(link) for link in _CODE.findall(text_in(data))]
        return read_each(links, otpauth.read)
    return _read(load_json(data))


def _open(data: bytes, password: str) -> Any:
    body = data[len(STRONG) :]
    if data.startswith(STRONG):
        salt, nonce, sealed = body[:16], body[16:28], body[28:]
        if len(sealed) < 16:
            raise Damaged
        key = kdf.argon2id(password, salt, passes=PASSES, memory_kib=MEMORY_KIB, lanes=LANES)
        return load_json(open_gcm(key, nonce, sealed))
    salt, iv, sealed = body[:20], body[20:36], body[36:]
    if not sealed:
        raise Damaged
    key = kdf.pbkdf2(password, salt, LEGACY_ITERATIONS, algorithm="sha1")
    return opened_json(open_cbc(key, iv, sealed))


def _read(document: Any) -> Read:
    if not fits(document):
        raise Damaged
    names = {
        text_of(row.get("Id")): text_of(row.get("Name"))
        for row in map(object_of, list_of(document.get("Categories")))
    }
    # Categories are bound by the secret, letter by letter as the file has it.
    groups: dict[str, list[str]] = {}
    for row in map(object_of, list_of(document.get("AuthenticatorCategories"))):
        group = names.get(text_of(row.get("CategoryId")), "")
        groups.setdefault(text_of(row.get("AuthenticatorSecret")), []).append(group)
    return read_each(
        document["Authenticators"],
        lambda row: _account(object_of(row), groups),
        groups=groups_of(names.values()),
    )


def _account(row: dict[str, Any], groups: dict[str, list[str]]) -> OtpAccount:
    secret = text_of(row.get("Secret"))
    return read_row(
        kind=row.get("Type"),
        secret=secret,
        issuer=text_of(row.get("Issuer")),
        name=text_of(row.get("Username")),
        algorithm=row.get("Algorithm"),
        digits=row.get("Digits"),
        period=row.get("Period"),
        counter=row.get("Counter"),
        groups=groups.get(secret, []),
    )


def read_row(
    *,
    kind: Any,
    secret: str,
    issuer: str,
    name: str,
    algorithm: Any,
    digits: Any,
    period: Any,
    counter: Any,
    groups: list[str],
) -> OtpAccount:
    """One authenticator by its numbers, from a backup or from the app's own database."""
    with naming(issuer, name):
        if kind not in TYPES:
            raise FormatRefusal("type")
        if algorithm is not None and algorithm not in ALGORITHMS:
            raise FormatRefusal("algorithm")
    return account_of(
        TYPES[kind],
        secret,
        issuer=issuer,
        name=name,
        algorithm=ALGORITHMS.get(algorithm, "SHA1"),
        digits=digits,
        period=period,
        counter=counter,
        groups=groups,
    )

"""Aegis: its vault as JSON, plain or sealed with a password.

A sealed file has a random master key, wrapped once for each password (scrypt, AES-256-GCM), and
the content sealed under it (AES-256-GCM). Written is version 3 of the content, with groups.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core import otp
from vault.formats import kdf
from vault.formats.account import MAX_PICTURE_BYTES, OtpAccount, read_algorithm, read_secret, tidy
from vault.formats.reading import Read, load_json, number_of, read_each, text_of
from vault.formats.refusals import (
    Damaged,
    FormatRefusal,
    PasswordNeeded,
    TooExpensive,
    WrongPassword,
)

name = "aegis"

CONTENT_VERSION = 3
SCRYPT_N, SCRYPT_R, SCRYPT_P = 1 << 15, 8, 1
KEY_BYTES, NONCE_BYTES, TAG_BYTES, SALT_BYTES = 32, 12, 16, 32

_PNG = "image/png"
_PASSWORD_SLOT = 1
# Each is tried, and each costs a derivation.
_MAX_PASSWORD_SLOTS = 8


@dataclass(frozen=True, slots=True)
class Sealing:
    """The random key of one file, and the header that wraps it for the password."""

    master_key: bytes = field(repr=False)
    slots: list[dict[str, Any]] = field(repr=False)


def recognises(data: bytes) -> bool:
    try:
        return fits(load_json(data))
    except FormatRefusal:
        return False


def fits(outer: Any) -> bool:
    """By the parsed document."""
    return isinstance(outer, dict) and "header" in outer and "db" in outer


def is_sealed(data: bytes) -> bool:
    """Whether a password is needed, as far as the outer object says."""
    outer = load_json(data)
    return isinstance(outer, dict) and isinstance(outer.get("db"), str)


def read(data: bytes, *, password: str | None = None) -> Read:
    outer = load_json(data)
    if not isinstance(outer, dict) or not isinstance(outer.get("header"), dict):
        raise Damaged
    version = outer.get("version")
    if not isinstance(version, int) or version != 1:
        raise Damaged
    content = outer.get("db")
    if isinstance(content, str):
        content = load_json(_open(outer["header"], content, password))
    return _read_content(content)


def write(accounts: Iterable[OtpAccount]) -> Iterator[bytes]:
    """The plain file, piece by piece."""
    rows = list(accounts)
    groups = _groups(rows)
    yield b'{"version": 1, "header": {"slots": null, "params": null}, "db": '
    yield from _content(rows, groups)
    yield b"}\n"


def write_sealed(
    accounts: Iterable[OtpAccount], password: str, *, sealing: Sealing | None = None
) -> bytes:
    """The file sealed with a password; `sealing` names the key when the caller wants it too."""
    rows = list(accounts)
    sealing = sealing or make_sealing(password)
    content = b"".join(_content(rows, _groups(rows)))
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = AESGCM(sealing.master_key).encrypt(nonce, content, None)
    outer = {
        "version": 1,
        "header": {"slots": sealing.slots, "params": _params(nonce, sealed)},
        # The app's decoder of Base64 takes no line breaks.
        "db": base64.b64encode(sealed[:-TAG_BYTES]).decode(),
    }
    return json.dumps(outer, indent=1).encode()


def make_sealing(password: str) -> Sealing:
    """A fresh master key, wrapped for a password."""
    master_key, salt = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(SALT_BYTES)
    nonce = secrets.token_bytes(NONCE_BYTES)
    slot_key = kdf.scrypt(password, salt, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P)
    wrapped = AESGCM(slot_key).encrypt(nonce, master_key, None)
    slot = {
        "type": _PASSWORD_SLOT,
        "uuid": str(uuid.uuid4()),
        "key": wrapped[:-TAG_BYTES].hex(),
        "key_params": _params(nonce, wrapped),
        "n": SCRYPT_N,
        "r": SCRYPT_R,
        "p": SCRYPT_P,
        "salt": salt.hex(),
        "repaired": True,
        "is_backup": False,
    }
    return Sealing(master_key, [slot])


def _content(rows: list[OtpAccount], groups: Mapping[str, str]) -> Iterator[bytes]:
    yield b'{"version": %d, "entries": [' % CONTENT_VERSION
    for place, account in enumerate(rows):
        yield (b",\n" if place else b"\n") + json.dumps(_entry(account, groups)).encode()
    listed = [{"uuid": group, "name": title} for title, group in groups.items()]
    yield b'],\n"groups": ' + json.dumps(listed).encode() + b', "icons_optimized": true}'


def _groups(rows: list[OtpAccount]) -> dict[str, str]:
    titles = {title for account in rows for title in account.categories}
    return {title: str(uuid.uuid4()) for title in sorted(titles)}


def _entry(account: OtpAccount, groups: Mapping[str, str]) -> dict[str, Any]:
    details: dict[str, Any] = {
        "secret": otp.encode_base32(account.secret),
        "algo": account.algorithm,
        "digits": account.digits,
    }
    if account.is_hotp:
        details["counter"] = account.counter
    else:
        details["period"] = account.period
    return {
        "type": account.type,
        # Two entries with one id stop the app's import as a whole.
        "uuid": str(uuid.uuid4()),
        "name": account.name,
        "issuer": account.issuer,
        "note": account.note,
        "favorite": account.favourite,
        **_icon(account.picture),
        "info": details,
        "groups": [groups[title] for title in account.categories],
    }


def _icon(picture: bytes) -> dict[str, Any]:
    if not picture:
        return {"icon": None}
    return {
        "icon": base64.b64encode(picture).decode(),
        "icon_mime": _PNG,
        "icon_hash": hashlib.sha256(_PNG.encode() + picture).hexdigest(),
    }


def _params(nonce: bytes, sealed: bytes) -> dict[str, str]:
    return {"nonce": nonce.hex(), "tag": sealed[-TAG_BYTES:].hex()}


def _open(header: Mapping[str, Any], content: str, password: str | None) -> bytes:
    if password is None:
        raise PasswordNeeded
    master_key = _master_key(header.get("slots"), password)
    try:
        sealed = base64.b64decode(content, validate=True)
        nonce, tag = _read_params(header.get("params"))
        return AESGCM(master_key).decrypt(nonce, sealed + tag, None)
    except (binascii.Error, ValueError, InvalidTag):
        raise Damaged from None


def _master_key(slots: Any, password: str) -> bytes:
    if not isinstance(slots, list) or not all(isinstance(slot, dict) for slot in slots):
        raise Damaged
    usable = [slot for slot in slots if slot.get("type") == _PASSWORD_SLOT]
    if not usable:
        # Only a fingerprint or a raw key opens it.
        raise Damaged
    if len(usable) > _MAX_PASSWORD_SLOTS:
        raise TooExpensive
    for slot in usable:
        master_key = _try_slot(slot, password)
        if master_key is not None:
            return master_key
    raise WrongPassword


def _try_slot(slot: Mapping[str, Any], password: str) -> bytes | None:
    costs = {cost: slot.get(cost) for cost in ("n", "r", "p")}
    if not all(isinstance(cost, int) for cost in costs.values()):
        raise Damaged
    salt = _hex(slot.get("salt"))
    wrapped = _hex(slot.get("key"), KEY_BYTES)
    nonce, tag = _read_params(slot.get("key_params"))
    slot_key = kdf.scrypt(password, salt, **costs)  # type: ignore[arg-type]
    try:
        return AESGCM(slot_key).decrypt(nonce, wrapped + tag, None)
    except InvalidTag:
        return None


def _read_params(params: Any) -> tuple[bytes, bytes]:
    if not isinstance(params, dict):
        raise Damaged
    return _hex(params.get("nonce"), NONCE_BYTES), _hex(params.get("tag"), TAG_BYTES)


def _hex(text: Any, length: int | None = None) -> bytes:
    try:
        found = bytes.fromhex(text)
    except (TypeError, ValueError):
        raise Damaged from None
    if length is not None and len(found) != length:
        raise Damaged
    return found


def _read_content(content: Any) -> Read:
    if not isinstance(content, dict) or not isinstance(content.get("entries"), list):
        raise Damaged
    groups = _read_groups(content.get("groups"))
    read = read_each(
        content["entries"], lambda entry: _read_entry(entry, groups), groups=tuple(groups.values())
    )
    if groups:
        return read
    # Before version 3 a group was a name in the entry.
    named = dict.fromkeys(title for account in read.accounts for title in account.categories)
    return Read(read.accounts, read.refused, tuple(named))


def _read_groups(groups: Any) -> dict[str, str]:
    if not isinstance(groups, list):
        return {}
    found = {}
    for group in groups:
        if isinstance(group, dict) and isinstance(group.get("uuid"), str):
            title = tidy(str(group.get("name") or ""))
            if title:
                found[group["uuid"].lower()] = title
    return found


def _read_entry(entry: Any, groups: Mapping[str, str]) -> OtpAccount:
    if not isinstance(entry, dict):
        raise FormatRefusal("damaged")
    issuer, account_name = tidy(text_of(entry.get("issuer"))), tidy(text_of(entry.get("name")))
    try:
        return _read_details(entry, issuer, account_name, groups)
    except FormatRefusal as refusal:
        raise FormatRefusal(refusal.reason, issuer=issuer, name=account_name) from None


def _read_details(
    entry: Mapping[str, Any], issuer: str, account_name: str, groups: Mapping[str, str]
) -> OtpAccount:
    details = entry.get("info")
    if not isinstance(details, dict):
        raise FormatRefusal("damaged")
    kind = text_of(entry.get("type")).lower()
    if kind not in ("totp", "hotp", "steam"):
        raise FormatRefusal("type")
    is_hotp = kind == "hotp"
    return OtpAccount(
        kind,
        read_secret(text_of(details.get("secret"))),
        issuer=issuer,
        name=account_name,
        algorithm=read_algorithm(text_of(details.get("algo"))),
        digits=number_of(details.get("digits"), "digits"),
        period=30 if is_hotp else number_of(details.get("period", 30), "period"),
        counter=number_of(details.get("counter"), "counter") if is_hotp else 0,
        note=text_of(entry.get("note")),
        favourite=entry.get("favorite") is True,
        categories=_read_categories(entry, groups),
        picture=_read_icon(entry),
    )


def _read_icon(entry: Mapping[str, Any]) -> bytes:
    """The picture, if it is a small PNG or JPEG. A bad one is dropped, as the app does."""
    icon = entry.get("icon")
    if not isinstance(icon, str) or entry.get("icon_mime") not in (_PNG, "image/jpeg"):
        return b""
    if len(icon) > 2 * MAX_PICTURE_BYTES:
        return b""
    try:
        picture = base64.b64decode(icon, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return picture if len(picture) <= MAX_PICTURE_BYTES else b""


def _read_categories(entry: Mapping[str, Any], groups: Mapping[str, str]) -> tuple[str, ...]:
    named = entry.get("groups")
    if isinstance(named, list):
        wanted = [str(group).lower() for group in named]
        return tuple(dict.fromkeys(groups[group] for group in wanted if group in groups))
    old = tidy(text_of(entry.get("group")))
    return (old,) if old else ()

"""AuthNode's own JSON: everything an account holds, nothing lost on the way back.

The layout is described in docs/formats.md. A reader takes any version 1 and skips what it does
not know, so that later members can be added.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from core import otp
from vault.formats.account import MAX_PICTURE_BYTES, OtpAccount, read_algorithm, read_secret, tidy
from vault.formats.reading import Read, load_json, number_of, read_each, text_of
from vault.formats.refusals import Damaged, FormatRefusal

name = "authnode"

FORMAT, VERSION = "authnode", 1
# Kinds of the fields beside a note, and a day of use.
KINDS = ("text", "hidden", "url")

_FIELD = ("name", "value", "kind")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def recognises(data: bytes) -> bool:
    try:
        return fits(load_json(data))
    except FormatRefusal:
        return False


def fits(outer: Any) -> bool:
    """By the parsed document."""
    return isinstance(outer, dict) and outer.get("format") == FORMAT


def read(data: bytes, *, password: str | None = None) -> Read:
    del password
    outer = load_json(data)
    if not isinstance(outer, dict) or outer.get("format") != FORMAT:
        raise Damaged
    entries, categories = outer.get("entries"), outer.get("categories", [])
    if outer.get("version") != VERSION or not isinstance(entries, list):
        raise Damaged
    groups = _titles(categories)
    return read_each(entries, _read_entry, groups=groups)


def write(accounts: Iterable[OtpAccount], *, categories: Sequence[str] = ()) -> Iterator[bytes]:
    """The file, entry by entry; `categories` are named even when no entry has them."""
    named = json.dumps(list(categories), ensure_ascii=False).encode()
    yield b'{"format": "authnode", "version": 1,\n"categories": ' + named + b',\n"entries": ['
    is_first = True
    for account in accounts:
        line = json.dumps(_entry(account), ensure_ascii=False).encode()
        yield (b"\n" if is_first else b",\n") + line
        is_first = False
    yield b"\n]}\n"


def _entry(account: OtpAccount) -> dict[str, Any]:
    return {
        "type": account.type,
        "issuer": account.issuer,
        "name": account.name,
        "secret": otp.encode_base32(account.secret),
        "algorithm": account.algorithm,
        "digits": account.digits,
        "period": account.period,
        "counter": account.counter,
        "favourite": account.favourite,
        "categories": list(account.categories),
        "website": account.website,
        "icon": account.icon,
        "tint": account.tint,
        "picture": base64.b64encode(account.picture).decode(),
        "note": account.note,
        **_beside_note(account),
    }


def _beside_note(account: OtpAccount) -> dict[str, Any]:
    """Fields and recovery codes, where there are any."""
    fields = [dict(zip(_FIELD, row, strict=True)) for row in account.note_fields]
    codes = [{"code": code, "used_on": day or None} for code, day in account.note_codes]
    return {**({"fields": fields} if fields else {}), **({"codes": codes} if codes else {})}


def _read_entry(entry: Any) -> OtpAccount:
    if not isinstance(entry, dict):
        raise FormatRefusal("damaged")
    issuer, account_name = tidy(text_of(entry.get("issuer"))), tidy(text_of(entry.get("name")))
    try:
        return OtpAccount(
            text_of(entry.get("type")),
            read_secret(text_of(entry.get("secret"))),
            issuer=issuer,
            name=account_name,
            algorithm=read_algorithm(text_of(entry.get("algorithm"))),
            digits=number_of(entry.get("digits", 6), "digits"),
            period=number_of(entry.get("period", 30), "period"),
            counter=number_of(entry.get("counter", 0), "counter"),
            favourite=entry.get("favourite") is True,
            categories=_titles(entry.get("categories")),
            **_looks(entry),
        )
    except FormatRefusal as refusal:
        raise FormatRefusal(refusal.reason, issuer=issuer, name=account_name) from None


def _looks(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What does no harm to leave out where it is odd."""
    tint = entry.get("tint")
    return {
        "website": tidy(text_of(entry.get("website"))),
        "icon": tidy(text_of(entry.get("icon"))),
        "tint": tint if isinstance(tint, int) and not isinstance(tint, bool) else 0,
        "picture": _picture(entry.get("picture")),
        "note": text_of(entry.get("note")),
        "note_fields": tuple(_fields(entry.get("fields"))),
        "note_codes": tuple(_codes(entry.get("codes"))),
    }


def _fields(rows: Any) -> Iterator[tuple[str, str, str]]:
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and all(isinstance(row.get(part), str) for part in _FIELD):
            kind = row["kind"] if row["kind"] in KINDS else KINDS[0]
            yield row["name"], row["value"], kind


def _codes(rows: Any) -> Iterator[tuple[str, str]]:
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and isinstance(row.get("code"), str):
            day = row.get("used_on")
            yield row["code"], day if isinstance(day, str) and _DAY.fullmatch(day) else ""


def _picture(text: Any) -> bytes:
    if not isinstance(text, str) or len(text) > 2 * MAX_PICTURE_BYTES:
        return b""
    try:
        picture = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return picture if len(picture) <= MAX_PICTURE_BYTES else b""


def _titles(categories: Any) -> tuple[str, ...]:
    if not isinstance(categories, list):
        return ()
    titles = (tidy(title) for title in categories if isinstance(title, str))
    return tuple(dict.fromkeys(title for title in titles if title))

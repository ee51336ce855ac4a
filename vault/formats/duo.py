"""Duo Mobile: the file of its accounts from the phone's storage; the app exports nothing."""

from __future__ import annotations

from typing import Any

from vault.formats.account import OtpAccount
from vault.formats.pieces import account_of, document_of, object_of
from vault.formats.reading import Read, load_json, read_each, text_of
from vault.formats.refusals import Damaged

name = "duo"


def recognises(data: bytes) -> bool:
    return fits(document_of(data))


def fits(document: Any) -> bool:
    return isinstance(document, list) and any(
        isinstance(row, dict) and "otpGenerator" in row for row in document
    )


def read(data: bytes, *, password: str | None = None) -> Read:
    document = load_json(data)
    if not fits(document):
        raise Damaged
    return read_each(document, _account)


def _account(row: Any) -> OtpAccount:
    row = object_of(row)
    generator = object_of(row.get("otpGenerator"))
    return account_of(
        "hotp" if generator.get("counter") is not None else "totp",
        text_of(generator.get("otpSecret")),
        issuer="",
        name=text_of(row.get("name")),
        counter=generator.get("counter"),
    )

"""Raivo: the JSON inside of its zip, where every value is a text."""

from __future__ import annotations

from typing import Any

from vault.formats.account import OtpAccount
from vault.formats.pieces import account_of, document_of, object_of
from vault.formats.reading import Read, load_json, read_each, text_of
from vault.formats.refusals import Damaged

name = "raivo"


def recognises(data: bytes) -> bool:
    return fits(document_of(data))


def fits(document: Any) -> bool:
    return (
        isinstance(document, list)
        and bool(document)
        and all(isinstance(row, dict) and "kind" in row and "timer" in row for row in document)
    )


def read(data: bytes, *, password: str | None = None) -> Read:
    # An export that failed inside the app is an object with a message instead.
    document = load_json(data)
    if not isinstance(document, list):
        raise Damaged
    return read_each(document, _account)


def _account(row: Any) -> OtpAccount:
    row = object_of(row)
    return account_of(
        text_of(row.get("kind")),
        text_of(row.get("secret")),
        issuer=text_of(row.get("issuer")),
        name=text_of(row.get("account")),
        algorithm=row.get("algorithm"),
        digits=row.get("digits"),
        period=row.get("timer"),
        counter=row.get("counter"),
        favourite=text_of(row.get("pinned")).lower() == "true",
    )

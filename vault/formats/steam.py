"""Steam's own files: those of its old phone app and of desktop authenticators (maFile)."""

from __future__ import annotations

from typing import Any

from vault.formats.account import OtpAccount
from vault.formats.pieces import account_of, base64_of, document_of, object_of
from vault.formats.reading import Read, load_json, read_each, text_of
from vault.formats.refusals import Damaged, FormatRefusal

name = "steam"


def recognises(data: bytes) -> bool:
    return fits(document_of(data))


def fits(document: Any) -> bool:
    if not isinstance(document, dict):
        return False
    accounts = document.get("accounts")
    if isinstance(accounts, dict):
        return any(isinstance(row, dict) and "shared_secret" in row for row in accounts.values())
    return "shared_secret" in document


def read(data: bytes, *, password: str | None = None) -> Read:
    document = load_json(data)
    if not fits(document):
        raise Damaged
    accounts = document.get("accounts")
    rows = list(accounts.values()) if isinstance(accounts, dict) else [document]
    return read_each(rows, _account)


def _account(row: Any) -> OtpAccount:
    row = object_of(row)
    # What confirms trades and what removes the authenticator stays behind: it is no code.
    account = text_of(row.get("account_name"))
    try:
        secret = base64_of(row.get("shared_secret"))
    except Damaged:
        raise FormatRefusal("secret", issuer="Steam", name=account) from None
    return account_of("steam", secret, issuer="Steam", name=account)

"""2FAuth: both kinds of its JSON, with fields of its own or with URIs."""

from __future__ import annotations

from typing import Any

from vault.formats import otpauth
from vault.formats.account import OtpAccount
from vault.formats.pieces import account_of, document_of, object_of
from vault.formats.reading import Read, load_json, read_each, text_of
from vault.formats.refusals import Damaged

name = "2fauth"

_TYPES = {"totp": "totp", "hotp": "hotp", "steamtotp": "steam"}


def recognises(data: bytes) -> bool:
    return fits(document_of(data))


def fits(document: Any) -> bool:
    if not isinstance(document, dict) or not isinstance(document.get("data"), list):
        return False
    app = document.get("app")
    return isinstance(app, str) and app.lower().startswith("2fauth_")


def read(data: bytes, *, password: str | None = None) -> Read:
    document = load_json(data)
    if not fits(document):
        raise Damaged
    return read_each(document["data"], _account)


def _account(row: Any) -> OtpAccount:
    row = object_of(row)
    if "otp_type" not in row and "uri" in row:
        return otpauth.read(text_of(row["uri"]))
    kind = text_of(row.get("otp_type")).lower()
    is_steam = kind == "steamtotp"
    return account_of(
        _TYPES.get(kind, kind),
        text_of(row.get("secret")),
        issuer=text_of(row.get("service")),
        name=text_of(row.get("account")),
        algorithm=row.get("algorithm"),
        digits=row.get("digits"),
        # Steam has one period, whatever the field says.
        period=30 if is_steam else row.get("period"),
        counter=row.get("counter"),
    )

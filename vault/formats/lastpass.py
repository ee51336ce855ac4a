"""LastPass Authenticator: the JSON of "export accounts to file"."""

from __future__ import annotations

from typing import Any

from vault.formats.account import OtpAccount
from vault.formats.pieces import account_of, document_of, groups_of, list_of, object_of
from vault.formats.reading import Read, load_json, read_each, text_of
from vault.formats.refusals import Damaged

name = "lastpass"

# "Other accounts" and "Favorites" are what the app shows by itself, not groups of a person.
_BUILT_IN = (0, 1)


def recognises(data: bytes) -> bool:
    return fits(document_of(data))


def fits(document: Any) -> bool:
    return (
        isinstance(document, dict)
        and isinstance(document.get("accounts"), list)
        and "version" in document
        and ("localDeviceId" in document or "deviceName" in document)
    )


def read(data: bytes, *, password: str | None = None) -> Read:
    document = load_json(data)
    if not fits(document):
        raise Damaged
    folders = {
        row["id"]: text_of(row.get("name"))
        for row in map(object_of, list_of(document.get("folders")))
        if isinstance(row.get("id"), int) and row["id"] not in _BUILT_IN
    }
    return read_each(
        document["accounts"],
        lambda row: _account(object_of(row), folders),
        groups=groups_of(folders.values()),
    )


def _account(row: dict[str, Any], folders: dict[int, str]) -> OtpAccount:
    folder = object_of(row.get("folderData")).get("folderId")
    return account_of(
        "totp",
        text_of(row.get("secret")),
        issuer=text_of(row.get("issuerName")),
        name=text_of(row.get("userName")),
        algorithm=row.get("algorithm"),
        digits=row.get("digits"),
        period=row.get("timeStep"),
        favourite=row.get("isFavorite"),
        groups=[folders.get(folder, "")] if isinstance(folder, int) else [],
    )

"""Databases out of apps on rooted phones: Google and Microsoft Authenticator, Stratum.

SQLite itself reads them, in memory, with everything refused but reading columns of tables,
and with bounds on its steps. Such a file is only ever opened in a process apart.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from vault.formats import stratum
from vault.formats.account import OtpAccount, split_label, tidy
from vault.formats.pieces import account_of, base64_of, naming
from vault.formats.reading import MAX_BYTES, MAX_ENTRIES, Read, read_each
from vault.formats.refusals import Damaged, FormatRefusal, TooLarge

name = "sqlite"

_MAGIC = b"SQLite format 3\0"
_MAX_STEPS = 20_000_000
_STEPS_A_LOOK = 1_000
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_PRAGMA}

Row = dict[str, Any]


def recognises(data: bytes) -> bool:
    return data.startswith(_MAGIC)


def read(data: bytes, *, password: str | None = None) -> Read:
    if len(data) > MAX_BYTES:
        raise TooLarge
    if not recognises(data) or len(data) < 512:
        raise Damaged
    connection = sqlite3.connect(":memory:")
    try:
        # A database kept with a log beside it says so here; without the log it reads as usual.
        connection.deserialize(data[:18] + b"\x01\x01" + data[20:])
        _restrict(connection)
        return _read(connection)
    except (sqlite3.Error, OverflowError, UnicodeError):
        raise Damaged from None
    finally:
        connection.close()


def _restrict(connection: sqlite3.Connection) -> None:
    steps = 0

    def is_enough() -> bool:
        nonlocal steps
        steps += 1
        return steps > _MAX_STEPS // _STEPS_A_LOOK

    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1024 * 1024)
    connection.set_progress_handler(is_enough, _STEPS_A_LOOK)
    connection.set_authorizer(
        lambda action, *_: sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY
    )


def _read(connection: sqlite3.Connection) -> Read:
    tables = {
        str(row[0])
        for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    }
    if "authenticator" in tables:
        return read_each(_rows(connection, "authenticator"), _of_stratum)
    if "accounts" not in tables:
        raise FormatRefusal("unknown format")
    rows = _rows(connection, "accounts")
    columns = set(rows[0]) if rows else set()
    if "oath_secret_key" in columns:
        return read_each(rows, _of_microsoft)
    if "email" in columns and "secret" in columns:
        return read_each(rows, _of_google)
    raise FormatRefusal("nothing inside" if not rows else "unknown format")


def _rows(connection: sqlite3.Connection, table: str) -> list[Row]:
    # The table is one of two names of this module; the text of the file never gets here.
    found = connection.execute(f"SELECT * FROM {table} LIMIT {MAX_ENTRIES + 1}")  # noqa: S608
    names = [column[0].lower() for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found]


def _text(row: Row, column: str) -> str:
    value = row.get(column)
    return value if isinstance(value, str) else ""


def _of_google(row: Row) -> OtpAccount:
    issuer, account = split_label(
        tidy(_text(row, "original_name") or _text(row, "email")), _text(row, "issuer")
    )
    with naming(issuer, account):
        if row.get("isencrypted"):
            raise FormatRefusal("no secret")
        if row.get("type") not in (0, 1):
            raise FormatRefusal("type")
    return account_of(
        "hotp" if row["type"] == 1 else "totp",
        _text(row, "secret"),
        issuer=issuer,
        name=account,
        counter=row.get("counter"),
    )


def _of_microsoft(row: Row) -> OtpAccount:
    issuer, account = _text(row, "name"), _text(row, "username")
    kinds: dict[Any, Callable[[str], bytes | str]] = {0: str, 1: base64_of}
    kind = row.get("account_type")
    with naming(tidy(issuer), tidy(account)):
        if kind not in kinds:
            raise FormatRefusal("type")
        if not _text(row, "oath_secret_key"):
            raise FormatRefusal("no secret")
        try:
            secret = kinds[kind](_text(row, "oath_secret_key"))
        except Damaged:
            raise FormatRefusal("secret") from None
    return account_of("totp", secret, issuer=issuer, name=account, digits=8 if kind == 1 else 6)


def _of_stratum(row: Row) -> OtpAccount:
    return stratum.read_row(
        kind=row.get("type"),
        secret=_text(row, "secret"),
        issuer=_text(row, "issuer"),
        name=_text(row, "username"),
        algorithm=row.get("algorithm"),
        digits=row.get("digits"),
        period=row.get("period"),
        counter=row.get("counter"),
        groups=[],
    )

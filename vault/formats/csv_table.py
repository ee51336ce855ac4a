"""CSV: one account a row, read by the names in its header.

A spreadsheet runs a cell that starts like a formula, so such cells get an apostrophe in front,
and so do those that already look as if they had one. Taking one away again from every cell that
looks so gives back exactly what was there. A file for machines is written without; it says so in
a column of its own.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from core import otp
from vault.formats import otpauth
from vault.formats.account import OtpAccount, read_algorithm, read_secret, tidy
from vault.formats.reading import MAX_BYTES, Read, number_of, read_each
from vault.formats.refusals import Damaged, FormatRefusal, TooLarge

name = "csv"

COLUMNS = (
    "name",
    "username",
    "secret",
    "issuer",
    "type",
    "algorithm",
    "digits",
    "period",
    "counter",
    "category",
    "favourite",
    "uri",
)
# Says that nothing stands in the cells but what they hold.
CELLS, EXACT = "cells", "exact"

# The names that other programs give to the same thing, the most telling first.
ISSUERS = ("issuer", "service", "title", "website name", "name")
NAMES = ("username", "login_username", "account", "account name", "label", "user", "email", "name")
SECRETS = ("secret", "key", "otp secret", "secret key")
URIS = ("uri", "otpauth", "otpauth_url", "otpauthurl", "login_totp", "totp", "otp", "otpauth uri")
CATEGORIES = ("category", "categories", "tags", "group", "folder", "grouping")
FAVOURITES = ("favourite", "favorite", "fav")
NOTES = ("note", "notes")

_SEPARATORS = (",", ";", "\t")
_MAX_COLUMNS = 200
# The table of a password manager has many more rows than accounts.
MAX_LINES = 50_000
_RUNNABLE = re.compile(r"'* *[=+\-@\x00-\x1f\x7f]")
_NEUTRALISED = re.compile(r"''* *[=+\-@\x00-\x1f\x7f]")
_TRUE = frozenset({"1", "true", "yes", "x"})
_UNESCAPED = re.compile(r"(?:\\.|[^;\\])+", re.DOTALL)


def recognises(data: bytes) -> bool:
    """A header that names a secret or a URI, or a column that may hold either."""
    first = data[:4096].removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0]
    try:
        header = _header(first.decode())
    except (UnicodeDecodeError, Damaged):
        return False
    return any(column in header for column in (*SECRETS, *URIS))


def read(data: bytes, *, password: str | None = None) -> Read:
    del password
    if len(data) > MAX_BYTES:
        raise TooLarge
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError:
        raise Damaged from None
    rows = _rows(text)
    if not rows or not any(column in rows[0] for column in (*SECRETS, *URIS)):
        raise Damaged
    read = read_each(_with_something(rows), _read_row)
    groups = dict.fromkeys(title for account in read.accounts for title in account.categories)
    return Read(read.accounts, read.refused, tuple(groups))


def write(accounts: Iterable[OtpAccount], *, exact_cells: bool = False) -> Iterator[bytes]:
    """The table, row by row. `exact_cells` leaves cells as they are, for machines."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow([*COLUMNS, CELLS] if exact_cells else COLUMNS)
    for account in accounts:
        cells = _cells(account)
        if exact_cells:
            writer.writerow([*cells, EXACT])
        else:
            writer.writerow([neutralise(cell) for cell in cells])
        if buffer.tell() > 32 * 1024:
            yield _take(buffer)
    yield _take(buffer)


def neutralise(cell: str) -> str:
    """The cell with an apostrophe in front where a spreadsheet would run it."""
    return f"'{cell}" if _RUNNABLE.match(cell) else cell


def restore(cell: str) -> str:
    """What `neutralise` was given."""
    return cell[1:] if _NEUTRALISED.match(cell) else cell


def _take(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _cells(account: OtpAccount) -> list[str]:
    return [
        account.issuer or account.name,
        account.name,
        otp.encode_base32(account.secret),
        account.issuer,
        account.type,
        account.algorithm,
        str(account.digits),
        "" if account.is_hotp else str(account.period),
        str(account.counter) if account.is_hotp else "",
        "; ".join(_escaped(title) for title in account.categories),
        "1" if account.favourite else "",
        otpauth.write(account),
    ]


def _escaped(title: str) -> str:
    return title.replace("\\", "\\\\").replace(";", "\\;")


def _header(line: str) -> list[str]:
    best: list[str] = []
    for separator in _SEPARATORS:
        try:
            found = next(csv.reader([line.rstrip("\r\n")], delimiter=separator), [])
        except csv.Error:
            raise Damaged from None
        if len(found) > len(best):
            best = found
    return [column.strip().lower() for column in best]


def _rows(text: str) -> list[dict[str, str]]:
    """Each row by the lower-case names of the header; the first row stands for the header too."""
    first = text.split("\n", 1)[0]
    header = _header(first)
    if not header or len(header) > _MAX_COLUMNS:
        raise Damaged
    separator = max(
        _SEPARATORS, key=lambda sign: len(next(csv.reader([first], delimiter=sign), []))
    )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        lines = list(islice(reader, 1, MAX_LINES + 2))
    except csv.Error:
        raise Damaged from None
    if len(lines) > MAX_LINES:
        raise FormatRefusal("too many")
    rows: list[dict[str, str]] = [dict.fromkeys(header, "")]
    for line in lines:
        # Of two columns of one name the first counts.
        row: dict[str, str] = {}
        for column, cell in zip(header, line, strict=False):
            row.setdefault(column, cell)
        rows.append(row)
    return rows


def _with_something(rows: Sequence[dict[str, str]]) -> Iterator[dict[str, str]]:
    """Rows of accounts: empty ones, and logins without a second factor, are no accounts."""
    for row in rows[1:]:
        if any(row.get(column, "").strip() for column in (*SECRETS, *URIS)):
            if row.get(CELLS, "").strip().lower() == EXACT:
                yield row
            else:
                yield {column: restore(cell) for column, cell in row.items()}
        elif "secret" in row and any(cell.strip() for cell in row.values()):
            yield row


def _read_row(row: Mapping[str, str]) -> OtpAccount:
    issuer, account_name = _names(row)
    try:
        secret, uri = _first(row, SECRETS), _first(row, URIS)
        if not secret and uri:
            return _read_value(uri.strip(), row, issuer, account_name)
        return _read_columns(secret, row, issuer, account_name)
    except FormatRefusal as refusal:
        raise FormatRefusal(refusal.reason, issuer=issuer, name=account_name) from None


def _names(row: Mapping[str, str]) -> tuple[str, str]:
    issuer_column = next((column for column in ISSUERS if column in row), "")
    name_column = next((c for c in NAMES if c in row and c != issuer_column), "")
    if issuer_column == "name" and not name_column:
        issuer_column, name_column = "", "name"
    return tidy(row.get(issuer_column, "")), tidy(row.get(name_column, ""))


def _read_value(value: str, row: Mapping[str, str], issuer: str, account_name: str) -> OtpAccount:
    """A column that holds a URI, or else a bare secret."""
    if "://" not in value:
        return _read_columns(value, row, issuer, account_name)
    account = otpauth.read(value)
    extras = _extras(row)
    is_bare = value.lower().startswith("steam:")
    # An item that is called like its account says nothing of who issued it.
    own_issuer = "" if issuer == account.name else issuer
    return OtpAccount(
        account.type,
        account.secret,
        issuer=issuer if is_bare and issuer else account.issuer or own_issuer,
        name=account.name or account_name,
        algorithm=account.algorithm,
        digits=account.digits,
        period=account.period,
        counter=account.counter,
        note=extras["note"],
        favourite=extras["favourite"],
        categories=extras["categories"] or account.categories,
    )


def _read_columns(
    secret: str, row: Mapping[str, str], issuer: str, account_name: str
) -> OtpAccount:
    kind = row.get("type", "").strip().lower()
    # Password managers name the kind of the item here.
    kind = kind if kind not in ("", "login") else "totp"
    return OtpAccount(
        kind,
        read_secret(secret),
        issuer=issuer,
        name=account_name,
        algorithm=read_algorithm(row.get("algorithm", "")),
        digits=_number(row, "digits", 6),
        period=_number(row, "period", 30),
        counter=_number(row, "counter", 0),
        **_extras(row),
    )


def _extras(row: Mapping[str, str]) -> dict[str, Any]:
    titles = (tidy(_unescaped(part)) for part in _UNESCAPED.findall(_first(row, CATEGORIES)))
    return {
        "note": _first(row, NOTES),
        "favourite": _first(row, FAVOURITES).strip().lower() in _TRUE,
        "categories": tuple(dict.fromkeys(title for title in titles if title)),
    }


def _unescaped(part: str) -> str:
    return re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL)


def _first(row: Mapping[str, str], columns: Iterable[str]) -> str:
    return next((row[column] for column in columns if row.get(column, "").strip()), "")


def _number(row: Mapping[str, str], column: str, default: int) -> int:
    text = row.get(column, "").strip()
    return number_of(text, column) if text else default

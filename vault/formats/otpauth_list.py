"""otpauth URIs in a text file, one a line: what most apps call "plain text".

The name `plaintext` stands for it. Several apps drop the whole file for one odd line, so there is
no header, no comment and no empty line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from vault.formats import otpauth, uri_list
from vault.formats.account import OtpAccount
from vault.formats.reading import MAX_BYTES, Read, Refused
from vault.formats.refusals import Damaged, FormatRefusal, TooLarge

name = "plaintext"

_URI_LINE = re.compile(
    rb"^[ \t]*(?:otpauth|otpauth-migration|steam|motp)://", re.MULTILINE | re.IGNORECASE
)


def recognises(data: bytes) -> bool:
    return data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"[", b"<") and bool(
        _URI_LINE.search(data)
    )


def read(data: bytes, *, password: str | None = None) -> Read:
    del password
    if len(data) > MAX_BYTES:
        raise TooLarge
    try:
        return found_in(uri_list.read(data.decode()))
    except UnicodeDecodeError:
        raise Damaged from None


def found_in(reading: uri_list.Reading) -> Read:
    """What several links held, as a reader of a file gives it back."""
    refused = tuple(
        Refused.of(FormatRefusal(row.reason, issuer=row.issuer, name=row.name), place=row.place)
        for row in reading.refused
    )
    groups = dict.fromkeys(tag for account in reading.accounts for tag in account.categories)
    return Read(tuple(reading.accounts), refused, tuple(groups), tuple(reading.missing))


def write(accounts: Iterable[OtpAccount], *, compatible_steam: bool = False) -> Iterator[bytes]:
    """The list, line by line."""
    for account in accounts:
        yield otpauth.write(account, compatible_steam=compatible_steam).encode() + b"\n"

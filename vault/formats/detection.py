"""Which app a file comes from, by what stands in it and never by its name.

The order matters where marks are weak: what has a magic number comes first, then JSON by its
keys, settings files, lists of links, tables; and last the sealed andOTP file, which begins with
nothing but a number that fits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Protocol

from vault.formats import (
    aegis,
    andotp,
    authnode_json,
    authy,
    battlenet,
    bitwarden,
    container,
    csv_table,
    duo,
    ente,
    freeotp,
    lastpass,
    otpauth_list,
    proton,
    raivo,
    sqlite_file,
    steam,
    stratum,
    totp_authenticator,
    twofas,
    twofauth,
    zipped,
)
from vault.formats.android_preferences import strings_of
from vault.formats.pieces import document_of
from vault.formats.reading import MAX_BYTES, Read
from vault.formats.refusals import FormatRefusal, TooLarge


class Reader(Protocol):
    def __call__(self, data: bytes, *, password: str | None = None) -> Read: ...


def _never(data: bytes) -> bool:
    del data
    return False


def _always(data: bytes) -> bool:
    del data
    return True


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file. Some ask for a process of their own, even without a password."""

    name: str
    read: Reader
    is_apart: Callable[[bytes], bool] = _never
    # Asked of those alone that are read apart: the others say so when they are read.
    needs_password: Callable[[bytes], bool] = _never


def _formats(*modules: ModuleType) -> dict[str, Format]:
    return {module.name: Format(module.name, module.read) for module in modules}


def _read_container(data: bytes, *, password: str | None = None) -> Read:
    """An export of AuthNode sealed with a password: whatever lies in it is read as a file."""
    opened = container.open_all(data, password=password)
    if container.recognises(opened.content):
        raise FormatRefusal("unknown format")
    return read(opened.content, password=password)


WINAUTH = "winauth"
FORMATS: dict[str, Format] = {
    **_formats(aegis, andotp, authnode_json, authy, battlenet, bitwarden, csv_table, duo, ente),
    **_formats(freeotp, lastpass, otpauth_list, proton, raivo, steam, stratum, totp_authenticator),
    **_formats(twofas, twofauth),
    zipped.name: Format(zipped.name, zipped.read, zipped.holds_pictures, zipped.needs_password),
    sqlite_file.name: Format(sqlite_file.name, sqlite_file.read, _always),
    container.name: Format(container.name, _read_container),
    # Without issuers in its links it looks like any list of links: a person has to say so.
    WINAUTH: Format(WINAUTH, zipped.read_winauth, zipped.holds_pictures, zipped.needs_password),
}

_BY_FIRST_BYTES: tuple[ModuleType, ...] = (sqlite_file, zipped, container)
# Asked in this order for the parsed document, so that JSON is parsed once.
_BY_DOCUMENT: tuple[ModuleType, ...] = (
    *(aegis, authnode_json, twofas, bitwarden, ente, twofauth, stratum, freeotp, lastpass, steam),
    *(duo, raivo, proton, andotp),
)
# And these for the texts of a settings file.
_BY_STRINGS: tuple[ModuleType, ...] = (freeotp, authy, totp_authenticator, battlenet)
_BY_CONTENT: tuple[ModuleType, ...] = (
    *(freeotp, stratum, totp_authenticator, ente, otpauth_list, csv_table, andotp),
)


def detect(data: bytes) -> str:
    """The name of the format; "" when it is none of them."""
    if len(data) > MAX_BYTES:
        raise TooLarge
    head = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if head in (b"{", b"["):
        document = document_of(data)
        return _first(module for module in _BY_DOCUMENT if module.fits(document))
    if head == b"<":
        strings = strings_of(data)
        found = _first(module for module in _BY_STRINGS if module.SETTING in strings)
        return found or (stratum.name if stratum.is_html(data) else "")
    if found := _first(module for module in _BY_FIRST_BYTES if module.recognises(data)):
        return found
    return _first(module for module in _BY_CONTENT if module.recognises(data))


def read(data: bytes, *, name: str = "", password: str | None = None) -> Read:
    """The accounts of a file, of the named format or of the one it looks like."""
    found = FORMATS.get(name or detect(data))
    if found is None:
        raise FormatRefusal("unknown format")
    return found.read(data, password=password)


def _first(found: Iterator[ModuleType]) -> str:
    module = next(found, None)
    return str(module.name) if module else ""

"""Which app a file comes from, by what stands in it and never by its name.

The order matters where marks are weak: what has a magic number comes first, then JSON by its
keys, settings files, lists of links, tables; and last the sealed andOTP file, which begins with
nothing but a number that fits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

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
from vault.formats.pieces import document_of
from vault.formats.reading import MAX_BYTES, Read
from vault.formats.refusals import FormatRefusal, TooLarge


class Reader(Protocol):
    def __call__(self, data: bytes, *, password: str | None = None) -> Read: ...


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file. `is_apart` asks for a process of its own even without a password."""

    name: str
    read: Reader
    is_apart: bool = False


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
    **_formats(twofas, twofauth, zipped),
    sqlite_file.name: Format(sqlite_file.name, sqlite_file.read, is_apart=True),
    container.name: Format(container.name, _read_container),
    # Without issuers in its links it looks like any list of links: a person has to say so.
    WINAUTH: Format(WINAUTH, zipped.read_winauth),
}

_BY_FIRST_BYTES: tuple[ModuleType, ...] = (sqlite_file, zipped, container)
# Each with what it looks for in the parsed document, so that JSON is parsed once.
_BY_DOCUMENT: tuple[tuple[str, Callable[[Any], bool]], ...] = tuple(
    (module.name, module.fits)
    for module in (twofas, bitwarden, ente, twofauth, stratum, freeotp, lastpass, steam)
) + tuple((module.name, module.fits) for module in (duo, raivo, proton))
_BY_CONTENT: tuple[ModuleType, ...] = (
    freeotp,
    stratum,
    authy,
    totp_authenticator,
    battlenet,
    ente,
    otpauth_list,
    csv_table,
    andotp,
)


def detect(data: bytes) -> str:
    """The name of the format; "" when it is none of them."""
    if len(data) > MAX_BYTES:
        raise TooLarge
    for module in _BY_FIRST_BYTES:
        if module.recognises(data):
            return str(module.name)
    head = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if head in (b"{", b"["):
        return _detect_json(data)
    found = next((module.name for module in _BY_CONTENT if module.recognises(data)), "")
    return str(found)


def read(data: bytes, *, name: str = "", password: str | None = None) -> Read:
    """The accounts of a file, of the named format or of the one it looks like."""
    found = FORMATS.get(name or detect(data))
    if found is None:
        raise FormatRefusal("unknown format")
    return found.read(data, password=password)


def _detect_json(data: bytes) -> str:
    # These say who wrote them; andOTP's array is told by the keys of its entries.
    for module in (aegis, authnode_json):
        if module.recognises(data):
            return str(module.name)
    document = document_of(data)
    for name, fits in _BY_DOCUMENT:
        if fits(document):
            return name
    return andotp.name if andotp.recognises(data) else ""

"""Exports that come as a zip: Raivo, Authenticator Plus, WinAuth, and pictures of QR codes.

Both protections of zip files are read, that of WinZip (AES) and the old weak one. What a
member unpacks to is bounded while it is unpacked, whatever the archive says of its size.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pyzipper

from vault.formats import otpauth_list, raivo
from vault.formats.account import OtpAccount
from vault.formats.reading import MAX_BYTES, Read
from vault.formats.refusals import (
    Damaged,
    FormatRefusal,
    PasswordNeeded,
    TooLarge,
    WrongPassword,
)

name = "zip"

MOST_MEMBERS = 50

_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif")
_MAGIC = b"PK\x03\x04"
_RAIVO, _AUTHENTICATOR_PLUS = "raivo-otp-export.json", "Accounts.txt"
_IS_ENCRYPTED = 1
_DAMAGE = (
    pyzipper.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    UnicodeError,
    ValueError,
    IndexError,
    OverflowError,
    struct.error,
)


def recognises(data: bytes) -> bool:
    return data.startswith(_MAGIC)


def read(data: bytes, *, password: str | None = None) -> Read:
    if holds_pictures(data):
        # Imported here: what decodes pictures takes a hundred megabytes of addresses.
        from vault.formats import qr_zip

        return qr_zip.read(data, password=password)
    with opened(data) as archive:
        member, read_member = _chosen(archive)
        content = unpack(archive, member, password)
    # The old protection finds a wrong password by one byte only.
    try:
        return read_member(content)
    except Damaged:
        if member.flag_bits & _IS_ENCRYPTED:
            raise WrongPassword from None
        raise


def read_winauth(data: bytes, *, password: str | None = None) -> Read:
    """A list whose labels are the names of the services."""
    if recognises(data):
        return read(data, password=password)
    return _winauth(data)


def holds_pictures(data: bytes) -> bool:
    """Whether it is read as pictures of QR codes, which takes a while."""
    return bool(_pictures_in(data))


def needs_password(data: bytes) -> bool:
    """Whether one of its pictures is protected."""
    return any(member.flag_bits & _IS_ENCRYPTED for member in _pictures_in(data))


def pictures(archive: pyzipper.AESZipFile) -> list[pyzipper.ZipInfo]:
    """The pictures in an archive that is not one of the known apps'; their paths mean nothing."""
    members = [member for member in archive.infolist() if not member.is_dir()]
    names = [member.filename.rpartition("/")[2] for member in members]
    if _RAIVO in names or _AUTHENTICATOR_PLUS in names:
        return []
    return [
        member
        for member, name in zip(members, names, strict=True)
        if name.lower().endswith(_PICTURES)
    ]


@contextmanager
def opened(data: bytes) -> Iterator[pyzipper.AESZipFile]:
    """The archive; whatever damage shows while it is open is the refusal Damaged."""
    try:
        with pyzipper.AESZipFile(io.BytesIO(data)) as archive:
            yield archive
    except FormatRefusal:
        raise
    except _DAMAGE:
        raise Damaged from None


def _pictures_in(data: bytes) -> list[pyzipper.ZipInfo]:
    if not recognises(data):
        return []
    try:
        with opened(data) as archive:
            return pictures(archive)
    except Damaged:
        return []


def _chosen(archive: pyzipper.AESZipFile) -> tuple[pyzipper.ZipInfo, Callable[[bytes], Read]]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MOST_MEMBERS:
        raise TooLarge
    by_name = {member.filename.rpartition("/")[2]: member for member in members}
    if _RAIVO in by_name:
        return by_name[_RAIVO], raivo.read
    if _AUTHENTICATOR_PLUS in by_name:
        return by_name[_AUTHENTICATOR_PLUS], otpauth_list.read
    texts = [member for name, member in by_name.items() if name.lower().endswith(".txt")]
    if len(texts) != 1:
        raise FormatRefusal("unknown format")
    return texts[0], _winauth


def unpack(
    archive: pyzipper.AESZipFile,
    member: pyzipper.ZipInfo,
    password: str | None,
    *,
    most: int = MAX_BYTES,
) -> bytes:
    """One member, counted while it unpacks; raises TooLarge beyond `most` bytes."""
    is_encrypted = bool(member.flag_bits & _IS_ENCRYPTED)
    if is_encrypted and not password:
        raise PasswordNeeded
    if member.file_size > most:
        raise TooLarge
    secret = password.encode("utf-8", "surrogatepass") if is_encrypted and password else None
    try:
        with archive.open(member, pwd=secret) as unpacked:
            content = unpacked.read(most + 1)
    except RuntimeError:
        raise WrongPassword from None
    except _DAMAGE:
        if is_encrypted:
            raise WrongPassword from None
        raise Damaged from None
    if len(content) > most:
        raise TooLarge
    return bytes(content)


def _winauth(content: bytes) -> Read:
    found = otpauth_list.read(content)
    return replace(found, accounts=tuple(map(_with_service, found.accounts)))


def _with_service(account: OtpAccount) -> OtpAccount:
    if account.issuer:
        return account
    return replace(account, issuer=account.name, name="")

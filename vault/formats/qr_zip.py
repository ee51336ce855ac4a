"""QR codes as pictures in a ZIP file, sealed with WinZip's AES-256 where there is a password.

The names in a ZIP can be read without the password, so they are numbers alone; `index.txt`, which
is sealed like the rest, says what is what. All pictures of any such archive are read, whatever they
are called.
"""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pyzipper

from vault import qr
from vault.formats import otpauth_list, uri_list, zipped
from vault.formats.reading import MAX_BYTES, MAX_ENTRIES, Read, Refused
from vault.formats.refusals import (
    FormatRefusal,
    PasswordNeeded,
    TooExpensive,
    TooLarge,
    TooMuchMemory,
    WrongPassword,
)

if TYPE_CHECKING:
    from vault.formats.qr_sheet import Label

name = "qr-images"

# Of the processor, for all pictures of one archive, and for the search in one of them.
MOST_SECONDS = 60.0
PICTURE_SECONDS = 2.0

_SCALE = 6


def recognises(data: bytes) -> bool:
    return zipped.holds_pictures(data)


def read(data: bytes, *, password: str | None = None) -> Read:
    """All QR codes of all pictures, each once; at most MAX_BYTES are unpacked altogether."""
    texts: dict[str, None] = {}
    refused: list[Refused] = []
    left, until = MAX_BYTES, time.thread_time() + MOST_SECONDS
    with zipped.opened(data) as archive:
        members = zipped.pictures(archive)
        if len(members) > MAX_ENTRIES:
            raise FormatRefusal("too many")
        for place, member in enumerate(members, start=1):
            try:
                picture = zipped.unpack(archive, member, password, most=left)
                left -= len(picture)
                texts |= dict.fromkeys(_texts_in(picture, until))
            except (PasswordNeeded, TooLarge, TooExpensive):
                raise
            except WrongPassword as refusal:
                if place == 1:
                    raise
                refused.append(Refused.of(refusal, place=place))
            except FormatRefusal as refusal:
                refused.append(Refused.of(refusal, place=place))
    found = otpauth_list.found_in(uri_list.read_uris(texts))
    return Read(found.accounts, (*refused, *found.refused), found.groups, found.missing)


def write(
    labels: Sequence[Label],
    password: str | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> bytes:
    """The ZIP; `progress` is called for every code, and what it raises stops the work."""
    packed = io.BytesIO()
    with _open(packed, password) as archive:
        index = []
        for place, label in enumerate(labels, start=1):
            member = f"{place:04d}.png"
            archive.writestr(member, qr.draw(label.text, scale=_SCALE, quick=True))
            words = (part for part in (label.title, label.subtitle, label.detail) if part)
            index.append(f"{member}\t{' – '.join(words)}\r\n")
            if progress:
                progress(place, len(labels))
        archive.writestr("index.txt", "".join(index).encode())
    return packed.getvalue()


def _open(packed: io.BytesIO, password: str | None) -> zipfile.ZipFile:
    if password is None:
        return zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED)
    archive = pyzipper.AESZipFile(
        packed, "w", compression=zipfile.ZIP_DEFLATED, encryption=pyzipper.WZ_AES
    )
    archive.setpassword(password.encode())
    archive.setencryption(pyzipper.WZ_AES, nbits=256)
    return archive  # type: ignore[no-any-return]


def _texts_in(picture: bytes, until: float) -> list[str]:
    seconds = min(until - time.thread_time(), PICTURE_SECONDS)
    if seconds <= 0:
        raise TooExpensive
    try:
        return qr.read(picture, seconds=seconds)
    except qr.PictureRefusal:
        raise FormatRefusal("no code") from None
    except MemoryError:
        raise TooMuchMemory from None

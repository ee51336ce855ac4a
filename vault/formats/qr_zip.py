"""QR codes as pictures in a ZIP file, sealed with WinZip's AES-256 where there is a password.

The names in a ZIP can be read without the password, so they are numbers alone; `index.txt`, which
is sealed like the rest, says what is what.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence

import pyzipper

from vault import qr
from vault.formats.qr_sheet import Label

name = "qr-images"

_SCALE = 6


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

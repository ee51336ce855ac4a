"""Pictures people upload as icons, drawn anew as small PNGs. Bounded like those with QR codes."""

from __future__ import annotations

import io

from PIL import Image, ImageOps

from vault import qr

SIDE = 96
MAX_BYTES = 2 * 1024 * 1024


class TooManyBytes(qr.PictureRefusal):
    sentence = "The picture is larger than 2 MB."


def make_icon(picture: bytes) -> bytes:
    """A square PNG of 96 pixels out of a PNG, JPEG, WebP or GIF; raises qr.PictureRefusal.

    The middle of the picture is kept; SVG is refused, as it can hold scripts.
    """
    if len(picture) > MAX_BYTES:
        raise TooManyBytes
    image = qr.decode(picture)
    square = ImageOps.fit(image, (SIDE, SIDE), Image.Resampling.LANCZOS)
    png = io.BytesIO()
    square.save(png, format="PNG", optimize=True)
    return png.getvalue()

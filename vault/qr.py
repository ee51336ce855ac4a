"""QR codes out of uploaded pictures, and single ones drawn.

Uploads are foreign data. Bytes and pixels are bounded before any pixel is decoded, only
four picture formats are tried, and the search for codes stops after a few seconds: a page
full of finder patterns would keep the decoder busy for minutes otherwise.

Memory is bounded by the pixels: decoding takes up to seven bytes a pixel (180 MB at the
limit), for WebP up to sixteen (390 MB), and is done for one picture at a time in a process;
searching then takes two bytes a pixel, three with transparency.
"""

from __future__ import annotations

import io
import math
import struct
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import qrcode
import zxingcpp
from PIL import Image, ImageOps
from qrcode.exceptions import DataOverflowError

MAX_BYTES = 5 * 1024 * 1024
MAX_PIXELS = 25_000_000
SEARCH_SECONDS = 4.0
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")

# One call of the decoder sees at most this much: its worst case grows with the square.
_VIEW_SIDE = 1400
_VIEW_PIXELS = _VIEW_SIDE**2
# Real progressive JPEGs have about ten scans; thousands of tiny ones each cost a whole pass.
_MAX_JPEG_SCANS = 100
_SCAN_MARKER = b"\xff\xda"
_WHITE, _BLACK = 255, 0
_QUIET_ZONE = 4
_LEVELS = {"L": qrcode.ERROR_CORRECT_L, "M": qrcode.ERROR_CORRECT_M}

# What Pillow raises for damaged files, by trial: its plugins have no common exception.
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, struct.error)

# Several large uploads at once must not add up to several times the memory.
_decoding = threading.Lock()

Box = tuple[float, float, float, float]


class PictureRefusal(Exception):
    """No codes come out of this picture; str() says why."""

    sentence = "The picture cannot be read."

    def __init__(self) -> None:
        super().__init__(self.sentence)


class TooManyBytes(PictureRefusal):
    sentence = "The picture is larger than 5 MB."


class TooManyPixels(PictureRefusal):
    sentence = "The picture has more than 25 megapixels."


class NotAPicture(PictureRefusal):
    sentence = "This is not a whole PNG, JPEG, WebP or GIF picture."


class NoCode(PictureRefusal):
    sentence = "There is no QR code in the picture that can be read."


class TooLongToDraw(PictureRefusal):
    sentence = "The text is too long for one QR code."


def read(picture: bytes, *, seconds: float = SEARCH_SECONDS) -> list[str]:
    """Texts of all QR codes in a picture, each once, from top to bottom.

    The search begins with the whole picture and looks closer until it has computed for `seconds`;
    a busy machine finds no less than an idle one.
    """
    if len(picture) > MAX_BYTES:
        raise TooManyBytes
    deadline = time.thread_time() + seconds
    for grey in _decode(picture):
        texts = _search(grey, deadline)
        if texts:
            return texts
    raise NoCode


def decode(picture: bytes) -> Image.Image:
    """A picture as RGBA within the same bounds, turned as its camera was held."""
    try:
        with _decoding, _open(picture) as image:
            image.draft("RGB", (512, 512))
            image.load()
            return ImageOps.exif_transpose(image).convert("RGBA")
    except _DAMAGE:
        raise NotAPicture from None


def draw(text: str, *, level: str = "M", scale: int = 6, quick: bool = False) -> bytes:
    """PNG of one QR code with a quiet zone of four modules, `scale` pixels a module.

    `quick` is for sheets of hundreds: zxing-cpp draws one in a tenth of the time.
    """
    return _draw_quickly(text, level, scale) if quick else _draw(text, level, scale)


def _draw(text: str, level: str, scale: int) -> bytes:
    code = qrcode.QRCode(error_correction=_LEVELS[level], box_size=scale, border=_QUIET_ZONE)
    # Readers expect a URI in byte mode, not in a mixture of modes.
    code.add_data(text, optimize=0)
    try:
        code.make(fit=True)
    except (DataOverflowError, ValueError):
        # A text just beyond the largest code ends in a ValueError about its version.
        raise TooLongToDraw from None
    return _as_png(code.make_image().get_image())


def _draw_quickly(text: str, level: str, scale: int) -> bytes:
    try:
        code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=level)
    except ValueError:
        raise TooLongToDraw from None
    modules = np.asarray(code.to_image(scale=scale, add_quiet_zones=True))
    # One bit a pixel, as a sheet holds a thousand of them: truths need no conversion.
    return _as_png(Image.fromarray(modules == _WHITE))


def _as_png(image: Image.Image) -> bytes:
    png = io.BytesIO()
    image.save(png, format="PNG")
    return png.getvalue()


def _decode(picture: bytes) -> Iterator[Image.Image]:
    """Grey copies to search: one, or two backgrounds for a picture with transparency."""
    grey, alpha = _grey_and_alpha(picture)
    if alpha is None:
        yield grey
        return
    # Codes in dark or light print without a background are both in use.
    for background in (_WHITE, _BLACK):
        copy = Image.new("L", grey.size, background)
        copy.paste(grey, mask=alpha)
        yield copy


def _grey_and_alpha(picture: bytes) -> tuple[Image.Image, Image.Image | None]:
    try:
        with _decoding, _open(picture) as image:
            image.draft("L", image.size)
            image.load()
            # Pillow cuts sixteen-bit greys off at 255 instead of scaling them.
            if image.mode.startswith("I"):
                return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)), None
            if not image.has_transparency_data:
                return image.convert("L"), None
            with image.convert("RGBA") if image.mode != "RGBA" else image as layers:
                return layers.convert("L"), layers.getchannel("A")
    except _DAMAGE:
        raise NotAPicture from None


def _open(picture: bytes) -> Image.Image:
    """A picture whose size is known and fits; its pixels are not decoded yet."""
    try:
        image = Image.open(io.BytesIO(picture), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        # Pillow's own limits lie higher; the warning is an error where warnings are.
        raise TooManyPixels from None
    if image.width * image.height > MAX_PIXELS:
        raise TooManyPixels
    is_jpeg = image.format not in ("PNG", "WEBP", "GIF")
    if is_jpeg and picture.count(_SCAN_MARKER) > _MAX_JPEG_SCANS:
        raise NotAPicture
    return image


def _search(grey: Image.Image, deadline: float) -> list[str]:
    found: dict[str, tuple[float, float]] = {}
    for scale in _scales(grey):
        # Enlarging helps where nothing was sharp enough.
        if scale > 1 and found:
            break
        for box in _boxes(grey, scale):
            if time.thread_time() > deadline:
                break
            for code in _codes(grey, box, scale):
                corner = code.position.top_left
                place = (box[1] + corner.y / scale, box[0] + corner.x / scale)
                found.setdefault(code.text, place)
    return sorted(found, key=lambda text: found[text])


def _codes(grey: Image.Image, box: Box, scale: float) -> list[Any]:
    size = (max(round((box[2] - box[0]) * scale), 1), max(round((box[3] - box[1]) * scale), 1))
    view = grey.resize(size, Image.Resampling.BICUBIC, box=box)
    codes = zxingcpp.read_barcodes(
        np.asarray(view),
        formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode),
        text_mode=zxingcpp.TextMode.Plain,
        # Light codes on dark ground, as dark themes show them.
        try_invert=True,
    )
    return [code for code in codes if code.text]


def _scales(grey: Image.Image) -> list[float]:
    """The whole picture in one view, then finer until its own pixels, then enlarged."""
    pixels = grey.width * grey.height
    scale = min(1.0, math.sqrt(_VIEW_PIXELS / pixels))
    scales = [scale]
    while scale < 1:
        scale = min(scale * 2, 1.0)
        scales.append(scale)
    return scales + [scale for scale in (2.0, 3.0) if pixels * scale**2 <= MAX_PIXELS]


def _boxes(grey: Image.Image, scale: float) -> Iterator[Box]:
    """Views of one size that overlap by half, so that a code lies whole in one of them."""
    if grey.width * grey.height * scale**2 <= _VIEW_PIXELS * 1.001:
        yield (0, 0, grey.width, grey.height)
        return
    side = _VIEW_SIDE / scale
    for top in _starts(grey.height, side):
        for left in _starts(grey.width, side):
            yield (left, top, min(left + side, grey.width), min(top + side, grey.height))


def _starts(length: int, side: float) -> list[float]:
    if length <= side:
        return [0.0]
    steps = math.ceil((length - side) / (side / 2))
    return [(length - side) * step / steps for step in range(steps + 1)]

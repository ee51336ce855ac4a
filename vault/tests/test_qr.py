from __future__ import annotations

import io
import shutil
import struct
import subprocess
import time
import unittest
import zlib
from unittest import mock

import numpy as np
import qrcode
from PIL import Image, ImageFilter, ImageOps

from vault import qr
from vault.formats import uri_list
from vault.tests.vectors_folder import (
    OUTSIDE,
    described,
    needs_outside_samples,
    outside,
)

TEXT = (
    "otpauth://totp/Harbour:mira%40harbour.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    "&issuer=Harbour&algorithm=SHA1&digits=6&period=30"
)
OTHER = "otpauth://totp/otto?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def code(text: str = TEXT, *, pixels: int = 4) -> Image.Image:
    """A grey picture of a code with so many pixels a module."""
    made = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, box_size=pixels, border=4)
    made.add_data(text)
    picture: Image.Image = made.make_image().get_image()
    return picture.convert("L")


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def page(size: tuple[int, int], *codes: tuple[Image.Image, tuple[int, int]]) -> Image.Image:
    """A white page with codes at places."""
    made = Image.new("L", size, 255)
    for picture, place in codes:
        made.paste(picture, place)
    return made


def empty_png(width: int, height: int) -> bytes:
    """A one-bit PNG of this size in a few kilobytes, made without its pixels."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    pixels = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


class Pictures(unittest.TestCase):
    def test_reads_each_format(self) -> None:
        for kind in qr.FORMATS:
            with self.subTest(kind=kind):
                self.assertEqual(qr.read(encoded(code(), kind)), [TEXT])

    def test_reads_each_kind_of_pixel(self) -> None:
        deep = Image.fromarray(np.asarray(code()).astype(np.uint16) * 200)
        pictures = [code().convert(mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA")]
        for picture in (*pictures, deep):
            with self.subTest(mode=picture.mode):
                self.assertEqual(qr.read(encoded(picture)), [TEXT])

    def test_reads_a_progressive_jpeg_in_print_colours(self) -> None:
        for mode in ("L", "RGB", "CMYK"):
            with self.subTest(mode=mode):
                picture = encoded(code().convert(mode), "JPEG", progressive=True, quality=40)

                self.assertEqual(qr.read(picture), [TEXT])

    def test_reads_dark_and_light_codes_without_background(self) -> None:
        for ink in (0, 255):
            with self.subTest(ink=ink):
                # Only the modules are opaque, the ground is clear.
                picture = Image.merge(
                    "LA", [Image.new("L", code().size, ink), ImageOps.invert(code())]
                )

                self.assertEqual(qr.read(encoded(picture)), [TEXT])

    def test_reads_an_inverted_code(self) -> None:
        self.assertEqual(qr.read(encoded(ImageOps.invert(code()))), [TEXT])

    def test_reads_a_rotated_and_a_tilted_code(self) -> None:
        for angle in (90, 180, 17):
            with self.subTest(angle=angle):
                turned = code().rotate(angle, expand=True, fillcolor=255)

                self.assertEqual(qr.read(encoded(turned)), [TEXT])

    def test_reads_the_first_picture_of_an_animation(self) -> None:
        picture = encoded(code(), "GIF", save_all=True, append_images=[code(OTHER)])

        self.assertEqual(qr.read(picture), [TEXT])


class SmallAndLarge(unittest.TestCase):
    def test_reads_one_pixel_a_module(self) -> None:
        self.assertEqual(qr.read(encoded(code(pixels=1))), [TEXT])

    def test_reads_a_small_blurred_code_enlarged(self) -> None:
        small = code().resize((70, 70), Image.Resampling.BILINEAR)

        self.assertEqual(qr.read(encoded(small)), [TEXT])

    def test_reads_a_small_blurred_code_on_a_screenshot(self) -> None:
        small = code().resize((70, 70), Image.Resampling.BILINEAR)
        screen = page((1920, 1080), (small, (1391, 695)))

        self.assertEqual(qr.read(encoded(screen)), [TEXT])

    def test_reads_a_small_code_on_the_largest_picture(self) -> None:
        largest = page((5000, 5000), (code(pixels=3), (3391, 1395)))

        self.assertEqual(qr.read(encoded(largest)), [TEXT])

    def test_reads_a_code_as_large_as_the_picture(self) -> None:
        huge = code().resize((4900, 4900)).filter(ImageFilter.GaussianBlur(8))

        self.assertEqual(qr.read(encoded(huge, "JPEG")), [TEXT])

    def test_reads_a_code_on_a_long_narrow_picture(self) -> None:
        scroll = page((600, 30000), (code(pixels=3), (50, 28000)))

        self.assertEqual(qr.read(encoded(scroll)), [TEXT])


class SeveralCodes(unittest.TestCase):
    def test_reads_all_from_top_to_bottom(self) -> None:
        texts = [f"otpauth://totp/account{number:02}?secret=GEZDGNBV" for number in range(20)]
        # Four columns, each a little lower than the one before it.
        codes = [
            (code(text, pixels=3), (60 + 300 * (at % 4), 60 + 300 * (at // 4) + 5 * (at % 4)))
            for at, text in enumerate(texts)
        ]

        self.assertEqual(qr.read(encoded(page((1300, 1700), *codes))), texts)

    def test_reads_a_small_one_beside_a_large_one(self) -> None:
        large, small = code(pixels=20), code(OTHER, pixels=2)
        picture = page((4000, 3000), (large, (100, 100)), (small, (3700, 2700)))

        self.assertEqual(qr.read(encoded(picture)), [TEXT, OTHER])

    def test_gives_the_same_text_once(self) -> None:
        picture = page((800, 400), (code(), (0, 0)), (code(), (400, 0)))

        self.assertEqual(qr.read(encoded(picture)), [TEXT])

    def test_reads_an_inverted_one_beside_a_plain_one(self) -> None:
        picture = page((800, 600), (code(), (0, 0)), (ImageOps.invert(code(OTHER)), (400, 200)))

        self.assertEqual(qr.read(encoded(picture)), [TEXT, OTHER])


class Refusals(unittest.TestCase):
    def assert_refused(self, refusal: type[qr.PictureRefusal], picture: bytes) -> None:
        started = time.thread_time()
        with self.assertRaises(refusal) as caught:
            qr.read(picture)
        self.assertLess(time.thread_time() - started, 3)
        self.assertEqual(str(caught.exception), refusal.sentence)

    def test_refuses_too_many_bytes(self) -> None:
        picture = encoded(code())
        fitting = picture + bytes(qr.MAX_BYTES - len(picture))

        self.assertEqual(qr.read(fitting), [TEXT])
        self.assert_refused(qr.TooManyBytes, fitting + b"\0")

    def test_refuses_too_many_pixels_before_decoding(self) -> None:
        for width, height in ((5001, 5000), (10000, 10000), (30000, 30000), (2**30, 1)):
            # The header alone decides, so the pixels may as well be missing.
            bomb = empty_png(width, 1).replace(
                struct.pack(">II", width, 1), struct.pack(">II", width, height), 1
            )
            header = bomb[12:29]
            bomb = bomb[:29] + struct.pack(">I", zlib.crc32(header)) + bomb[33:]
            with self.subTest(width=width, height=height):
                self.assert_refused(qr.TooManyPixels, bomb)

    def test_refuses_a_bomb_of_900_megapixels(self) -> None:
        bomb = empty_png(30000, 30000)

        self.assertLess(len(bomb), 250_000)
        self.assert_refused(qr.TooManyPixels, bomb)

    def test_refuses_a_webp_bomb(self) -> None:
        # A lossless WebP header with the largest width and height, 14 bits each.
        body = b"\x2f" + struct.pack("<I", 0x0FFF_FFFF) + bytes(8)
        chunk = b"WEBPVP8L" + struct.pack("<I", len(body)) + body + b"\0"

        with self.assertRaises((qr.TooManyPixels, qr.NotAPicture)):
            qr.read(b"RIFF" + struct.pack("<I", len(chunk)) + chunk)

    def test_refuses_files_of_other_kinds(self) -> None:
        bitmap, tiff = encoded(code(), "BMP"), encoded(code(), "TIFF")
        svg = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
        for name, file in {
            "nothing": b"",
            "text": TEXT.encode(),
            "svg": svg,
            "bmp": bitmap,
            "tiff": tiff,
            "pdf": b"%PDF-1.7\n",
            "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        }.items():
            with self.subTest(name=name):
                self.assert_refused(qr.NotAPicture, file)

    def test_refuses_cut_pictures(self) -> None:
        for kind in qr.FORMATS:
            whole = encoded(code(), kind)
            for length in (4, 12, 30, len(whole) // 2):
                with self.subTest(kind=kind, length=length):
                    self.assert_refused(qr.NotAPicture, whole[:length])

    def test_refuses_a_jpeg_of_endless_scans(self) -> None:
        picture = encoded(code(), "JPEG", progressive=True)
        scan = picture[picture.rindex(b"\xff\xda") : -2]

        self.assert_refused(qr.NotAPicture, picture[:-2] + scan * 100 + picture[-2:])

    def test_says_when_there_is_no_code(self) -> None:
        for picture in (Image.new("L", (1, 1), 255), Image.new("RGBA", (640, 480), 0)):
            with self.subTest(size=picture.size):
                self.assert_refused(qr.NoCode, encoded(picture))

    def test_reads_no_other_kind_of_code(self) -> None:
        bars = [0, 0, 255, 0, 255, 255, 0, 0, 0, 255] * 12
        picture = Image.fromarray(np.tile(np.array(bars, dtype=np.uint8), (80, 1)))

        self.assert_refused(qr.NoCode, encoded(picture.resize((480, 160))))


class TimeOfASearch(unittest.TestCase):
    def test_gives_up_on_a_page_full_of_finder_patterns(self) -> None:
        finder = np.zeros((8, 8), dtype=np.uint8)
        finder[7, :] = finder[:, 7] = 255
        finder[1:6, 1:6] = 255
        finder[2:5, 2:5] = 0
        picture = Image.fromarray(np.tile(finder, (600, 600))).convert("1")

        started = time.thread_time()
        with mock.patch.object(qr, "SEARCH_SECONDS", 0.5), self.assertRaises(qr.NoCode):
            qr.read(encoded(picture))

        # Without an end to the search this takes minutes; one view may take two seconds.
        self.assertLess(time.thread_time() - started, 15)


class Drawing(unittest.TestCase):
    def test_draws_what_it_reads(self) -> None:
        for text in (TEXT, "ÄÖÜ 橡皮鸭", "x" * 2000):
            with self.subTest(text=text[:10]):
                self.assertEqual(qr.read(qr.draw(text)), [text])

    def test_draws_the_same_text_in_either_way(self) -> None:
        for level in ("L", "M"):
            for text in (TEXT, "x" * 2000):
                with self.subTest(level=level, text=text[:10]):
                    drawn = qr.draw(text, level=level, quick=True)
                    self.assertEqual(qr.read(drawn), qr.read(qr.draw(text, level=level)))

    def test_draws_one_pixel_a_module_for_sheets(self) -> None:
        with Image.open(io.BytesIO(qr.draw("AUTH", scale=1, quick=True))) as picture:
            self.assertEqual((picture.format, picture.mode), ("PNG", "1"))
            self.assertEqual(picture.size, (29, 29))
            self.assertEqual(ImageOps.invert(picture.convert("L")).getbbox(), (4, 4, 25, 25))

    def test_keeps_a_quiet_zone_and_pixels_enough(self) -> None:
        with Image.open(io.BytesIO(qr.draw("AUTH"))) as picture:
            self.assertEqual(picture.format, "PNG")
            # 21 modules and twice the quiet zone of four, six pixels each.
            self.assertEqual(picture.size, (174, 174))
            self.assertEqual(ImageOps.invert(picture.convert("L")).getbbox(), (24, 24, 150, 150))

    def test_refuses_a_text_that_fits_no_code(self) -> None:
        self.assertTrue(qr.draw("x" * 2331))
        for length in (2332, 3000, 100_000):
            with self.subTest(length=length), self.assertRaises(qr.TooLongToDraw):
                qr.draw("x" * length)
            with self.assertRaises(qr.TooLongToDraw):
                qr.draw("x" * length, quick=True)

    @unittest.skipUnless(shutil.which("qrencode"), "qrencode is not installed")
    def test_reads_pictures_of_another_tool(self) -> None:
        for level, dots in (("L", "3"), ("M", "4"), ("Q", "6"), ("H", "2")):
            with self.subTest(level=level):
                command = ["qrencode", "-o", "-", "-8", "-l", level, "-s", dots, TEXT]
                picture = subprocess.run(command, check=True, capture_output=True).stdout

                self.assertEqual(qr.read(picture), [TEXT])

    @unittest.skipUnless(shutil.which("zbarimg"), "zbarimg is not installed")
    def test_is_read_by_another_tool(self) -> None:
        command = ["zbarimg", "-q", "--raw", "-Sdisable", "-Sqrcode.enable", "-"]
        read = subprocess.run(command, input=qr.draw(TEXT), check=True, capture_output=True).stdout

        self.assertEqual(read.decode().strip(), TEXT)


@needs_outside_samples
class OutsideSamples(unittest.TestCase):
    def test_reads_the_pictures_of_other_apps(self) -> None:
        for folder in ("google", "handmade_exports"):
            for name, about in outside(f"{folder}/expected.json").items():
                if not name.endswith(".png"):
                    continue
                with self.subTest(name=name):
                    texts = qr.read((OUTSIDE / folder / name).read_bytes())

                    accounts = uri_list.read_uris(texts).accounts
                    self.assertEqual([described(one) for one in accounts], about["entries"])

from __future__ import annotations

import io
import subprocess
import tempfile
import unittest
import zipfile
from pathlib import Path

import pikepdf
import pyzipper

from tests.programs import judge
from vault import qr
from vault.formats import otpauth, qr_sheet, qr_zip
from vault.formats.account import OtpAccount
from vault.formats.refusals import FormatRefusal

ROWS = [
    OtpAccount(
        "totp",
        b"secret number %04d" % number,
        issuer="Tom & <Jerry>" if number % 2 else "",
        name=f"ada{number}@example.com",
        categories=("שלום", "Work"),
    )
    for number in range(19)
] + [OtpAccount("hotp", b"counted", name="h", counter=7), OtpAccount("steam", b"on the platform")]
WORDS = qr_sheet.Words(made="24 Nov 2026", advice="Keep it where keys are kept.")
PASSWORD = "pässwörd 🔐"


class Stopped(Exception):
    pass


def decoded(pdf: bytes, password: str = "") -> list[str]:
    """All QR codes on all pages, as two other programs see them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sheet.pdf"
        path.write_bytes(pdf)
        draw = [judge("pdftoppm", "poppler-utils"), "-r", "200", "-gray", "-png"]
        subprocess.run([*draw, "-upw", password, str(path), f"{folder}/page"], check=True)
        pages = sorted(str(page) for page in Path(folder).glob("page*.png"))
        scan = [judge("zbarimg", "zbar-tools"), "-q", "--raw", "-Sdisable", "-Sqrcode.enable"]
        ran = subprocess.run([*scan, *pages], check=True, capture_output=True, text=True)
        return ran.stdout.splitlines()


class Sheets(unittest.TestCase):
    def test_hold_every_code_in_every_layout(self) -> None:
        labels = qr_sheet.labels_of(ROWS, WORDS)
        for layout in qr_sheet.LAYOUTS:
            rows = labels[:3] if layout == "large" else labels
            with self.subTest(layout=layout):
                pdf = qr_sheet.write(rows, WORDS, layout=layout)

                assert sorted(decoded(pdf)) == sorted(label.text for label in rows)
                with pikepdf.open(io.BytesIO(pdf)) as document:
                    assert len(document.pages) == qr_sheet.pages_for(len(rows), layout)

    def test_are_sound_and_show_the_words(self) -> None:
        pdf = qr_sheet.write(qr_sheet.labels_of(ROWS, WORDS), WORDS)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "sheet.pdf"
            path.write_bytes(pdf)

            subprocess.run([judge("qpdf"), "--check", path], check=True, capture_output=True)
            text = subprocess.run(
                [judge("pdftotext", "poppler-utils"), "-layout", path, "-"],
                check=True,
                capture_output=True,
                text=True,
            ).stdout

        for words in ("Tom & <Jerry>", "ada3@example.com", "Work", "Page 2 of 2", "24 Nov 2026"):
            assert words in text, words

    def test_name_nobody_in_their_metadata(self) -> None:
        with pikepdf.open(
            io.BytesIO(qr_sheet.write(qr_sheet.labels_of(ROWS, WORDS), WORDS))
        ) as pdf:
            assert str(pdf.docinfo.get("/Title")) == "AuthNode"
            assert "ada" not in str(dict(pdf.docinfo))

    def test_say_how_far_they_are_and_stop_when_told(self) -> None:
        labels = qr_sheet.labels_of(ROWS, WORDS)
        seen: list[tuple[int, int]] = []

        qr_sheet.write(
            labels, WORDS, layout="large", progress=lambda *numbers: seen.append(numbers)
        )

        assert seen == [(10, 21), (20, 21), (21, 21)]
        with self.assertRaises(Stopped):
            qr_sheet.write(labels, WORDS, progress=self.stop)

    def stop(self, done: int, total: int) -> None:
        raise Stopped

    def test_refuse_an_unknown_layout(self) -> None:
        with self.assertRaises(FormatRefusal):
            qr_sheet.write([], WORDS, layout="4")

    def test_say_what_fits_no_code(self) -> None:
        long = OtpAccount("totp", bytes(1024), issuer="橡" * 200)

        assert qr_sheet.misfit(long) == "too long"
        assert qr_sheet.misfit(ROWS[0]) == ""


class Sealed(unittest.TestCase):
    def test_opens_with_the_password_only(self) -> None:
        sealed = qr_sheet.seal(qr_sheet.write(qr_sheet.labels_of(ROWS[:2], WORDS), WORDS), PASSWORD)

        with pikepdf.open(io.BytesIO(sealed), password=PASSWORD) as document:
            assert (document.encryption.R, document.encryption.bits) == (6, 256)
        for wrong in ("", "other"):
            with self.assertRaises(pikepdf.PasswordError):
                pikepdf.open(io.BytesIO(sealed), password=wrong)
        assert b"AuthNode" not in sealed

    def test_opens_for_other_programs(self) -> None:
        sealed = qr_sheet.seal(qr_sheet.write(qr_sheet.labels_of(ROWS[:2], WORDS), WORDS), PASSWORD)

        assert sorted(decoded(sealed, PASSWORD)) == sorted(map(otpauth.write, ROWS[:2]))
        qpdf = [judge("qpdf"), f"--password={PASSWORD}", "--check", "-"]
        with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
            file.write(sealed)
            file.flush()
            ran = subprocess.run(
                [*qpdf[:-1], file.name], check=True, capture_output=True, text=True
            )
        assert "R = 6" in ran.stdout

    def test_refuses_a_password_that_the_format_would_cut(self) -> None:
        pdf = qr_sheet.write([], WORDS)
        for password in ("", "ä" * 64):
            with self.assertRaises(FormatRefusal):
                qr_sheet.seal(pdf, password)


class Zips(unittest.TestCase):
    def test_hold_a_picture_for_each_code_under_a_name_that_says_nothing(self) -> None:
        packed = qr_zip.write(qr_sheet.labels_of(ROWS, WORDS))

        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            names = archive.namelist()
            assert names == [f"{place:04d}.png" for place in range(1, 22)] + ["index.txt"]
            texts = [qr.read(archive.read(name)) for name in names[:-1]]
            assert texts == [[otpauth.write(row)] for row in ROWS]
            assert "ada0@example.com" in archive.read("index.txt").decode()

    def test_are_sealed_with_aes(self) -> None:
        packed = qr_zip.write(qr_sheet.labels_of(ROWS[:2], WORDS), PASSWORD)

        assert b"ada" not in packed
        with pyzipper.AESZipFile(io.BytesIO(packed)) as archive:
            for member in archive.infolist():
                assert (member.wz_aes_version, member.wz_aes_strength) == (2, 3)
            archive.setpassword(b"wrong")
            with self.assertRaises(RuntimeError):
                archive.read("0001.png")

    def test_open_for_other_programs(self) -> None:
        labels = qr_sheet.labels_of(ROWS[:2], WORDS)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "codes.zip"
            path.write_bytes(qr_zip.write(labels, PASSWORD))
            seven = [judge("7z", "p7zip-full"), "x", f"-p{PASSWORD}", f"-o{folder}/7z", str(path)]
            bsd = [judge("bsdtar", "libarchive-tools"), "-x", "--passphrase", PASSWORD]
            bsd += ["-f", str(path), "-C", f"{folder}/bsd"]
            for command in (seven, bsd):
                Path(folder, "bsd").mkdir(exist_ok=True)
                subprocess.run(command, check=True, capture_output=True)
            for unpacked in ("7z", "bsd"):
                for place, label in enumerate(labels, start=1):
                    picture = Path(folder, unpacked, f"{place:04d}.png").read_bytes()
                    assert qr.read(picture) == [label.text], unpacked

"""The ZIP of QR codes comes back in, and hostile ones of the kind cost nothing."""

from __future__ import annotations

import io
import unittest
import zipfile
from unittest import mock

import pytest
from hypothesis import given

from vault import qr
from vault.formats import detection, google_migration, otpauth, qr_sheet, qr_zip
from vault.formats.account import OtpAccount
from vault.formats.refusals import FormatRefusal
from vault.tests import foreign
from vault.tests.made_accounts import lists
from vault.tests.making import account, picture
from vault.tests.test_formats_round_trip import SEALED

PASSWORD = "pässwörd 🔐"
ROWS = [
    account(1, issuer="Größe: 😀", name="ada@example.com"),
    account(2, type="hotp", counter=9, digits=8, algorithm="SHA512"),
    account(3, type="steam", issuer="Steam", name="ada"),
]


def packed(rows: list[OtpAccount], password: str | None = None) -> bytes:
    return qr_zip.write(qr_sheet.labels_of(rows, qr_sheet.Words()), password)


def codes(*texts: str) -> dict[str, bytes]:
    return {f"{place}.png": qr.draw(text) for place, text in enumerate(texts)}


def reason_of(content: bytes, password: str | None = None) -> str:
    with pytest.raises(FormatRefusal) as caught:
        detection.read(content, password=password)
    return caught.value.reason


def blank(side: int) -> bytes:
    """A picture of many pixels and few bytes."""
    return picture(size=(side, side), kind="PNG")


class ReadingBack(unittest.TestCase):
    def test_gives_back_what_was_written(self) -> None:
        content = packed(ROWS)

        assert detection.detect(content) == "zip"
        assert list(detection.read(content).accounts) == ROWS

    def test_opens_with_the_password_alone(self) -> None:
        content = packed(ROWS, PASSWORD)

        assert list(detection.read(content, password=PASSWORD).accounts) == ROWS
        assert reason_of(content) == "password needed"
        assert reason_of(content, "not it") == "wrong password"

    @SEALED
    @given(lists(has_colons=False))
    def test_loses_nothing_of_what_a_link_holds(self, rows: list[OtpAccount]) -> None:
        links = [otpauth.write(row) for row in rows]
        unique = dict(zip(links, rows, strict=True))
        content = packed(list(unique.values()))

        read = detection.read(content) if unique else qr_zip.read(content)

        assert [otpauth.write(row) for row in read.accounts] == list(unique)

    def test_takes_pictures_of_any_name_in_any_folder(self) -> None:
        names = ["../../etc/cron.d/a.PNG", "/etc/b.png", "c\\d.jpeg", "C:\\e.gif"]
        links = [otpauth.write(account(place)) for place in range(len(names))]
        content = foreign.zipped(
            {name: qr.draw(link) for name, link in zip(names, links, strict=True)}
        )

        assert len(detection.read(content).accounts) == len(names)

    def test_puts_the_parts_of_a_transfer_together(self) -> None:
        rows = [account(place) for place in range(25)]
        parts = google_migration.write(rows)

        read = detection.read(foreign.zipped(codes(*reversed(parts))))
        some = detection.read(foreign.zipped(codes(*parts[1:])))

        assert {row.secret for row in read.accounts} == {row.secret for row in rows}
        assert read.missing == ()
        assert some.missing[0].indices == (0,)

    def test_keeps_the_others_when_one_picture_holds_nothing(self) -> None:
        link = otpauth.write(ROWS[0])
        broken = qr.draw(link)[:100]
        content = foreign.zipped(
            {"1.png": blank(50), "2.png": broken, "3.png": qr.draw("otpauth://yaotp/a?secret=AAAA")}
            | {"4.png": qr.draw(link), "again.png": qr.draw(link)}
        )

        read = detection.read(content)

        assert list(read.accounts) == ROWS[:1]
        assert [row.reason.reason for row in read.refused] == ["no code", "no code", "type"]

    def test_leaves_the_files_of_other_apps_to_their_readers(self) -> None:
        inside = {"raivo-otp-export.json": foreign.raivo(ROWS[:2]), "codes.png": blank(10)}
        read = detection.read(foreign.zipped(inside))

        assert [row.secret for row in read.accounts] == [row.secret for row in ROWS[:2]]


class Bounds(unittest.TestCase):
    def test_counts_what_all_pictures_unpack_to(self) -> None:
        piece = b"\0" * (6 * 1024 * 1024)
        bomb = foreign.zipped({f"{place}.png": piece for place in range(3)})
        lying = bomb.replace(len(piece).to_bytes(4, "little"), (1000).to_bytes(4, "little"))

        assert len(bomb) < 100_000
        assert reason_of(bomb) == "too large"
        assert reason_of(foreign.zipped({"a.png": piece * 3})) == "too large"
        # One that lies about its size is cut off there, and is no picture.
        assert {row.reason.reason for row in detection.read(lying).refused} <= {
            "damaged",
            "no code",
        }

    def test_bounds_the_number_of_pictures(self) -> None:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for place in range(10_001):
                archive.writestr(f"{place}.png", b"")

        assert reason_of(made.getvalue()) == "too many"

    def test_decodes_no_picture_of_too_many_pixels(self) -> None:
        content = foreign.zipped({"a.png": blank(5001), **codes(otpauth.write(ROWS[0]))})

        read = detection.read(content)

        assert [row.reason.reason for row in read.refused] == ["no code"]
        assert list(read.accounts) == ROWS[:1]

    def test_searches_for_a_bounded_time(self) -> None:
        content = foreign.zipped({f"{place}.png": blank(900) for place in range(4)})
        with mock.patch.object(qr_zip, "MOST_SECONDS", 0.0):
            assert reason_of(content) == "too expensive"

    def test_a_picture_that_takes_too_much_memory_loses_no_other(self) -> None:
        content = packed(ROWS)
        answers = [MemoryError(), *([otpauth.write(row)] for row in ROWS[1:])]
        with mock.patch.object(qr, "read", side_effect=answers):
            read = detection.read(content)

        assert list(read.accounts) == ROWS[1:]
        assert [row.reason.reason for row in read.refused] == ["too much memory"]

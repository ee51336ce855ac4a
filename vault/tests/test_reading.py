from __future__ import annotations

import io
from unittest import TestCase

from PIL import Image

from vault import reading
from vault.tests.making import BASE32, URI, upload

SECOND = URI.replace("GitHub", "GitLab").replace("GEZD", "MFRG")


def png(*texts: str) -> bytes:
    return upload(*texts).read()


class ReadTextTests(TestCase):
    def test_reads_one_line_after_the_other(self) -> None:
        found = reading.read_text(f"{URI}\n\n  {SECOND}\n")

        self.assertEqual([row.issuer for row in found.accounts], ["GitHub", "GitLab"])
        self.assertEqual(found.refusals, [])

    def test_names_the_line_that_is_refused_and_keeps_the_rest(self) -> None:
        found = reading.read_text(f"{URI}\nhttps://example.com/?token=hush")

        self.assertEqual(len(found.accounts), 1)
        self.assertEqual(found.refusals[0].what, "Line 2")
        self.assertNotIn("hush", str(found.refusals[0]))

    def test_names_the_account_that_is_refused(self) -> None:
        found = reading.read_text(f"{URI}&digits=77")

        self.assertEqual(str(found.refusals[0]), "GitHub (ada): A code has 6 to 10 digits.")

    def test_never_repeats_a_secret(self) -> None:
        found = reading.read_text(f"{URI.replace(BASE32, 'HUSH0189')}")

        self.assertIn("not valid Base32", str(found.refusals[0]))
        self.assertNotIn("HUSH", str(found.refusals[0]))

    def test_refuses_an_empty_text(self) -> None:
        with self.assertRaises(reading.NothingToRead):
            reading.read_text(" \n ")

    def test_refuses_an_endless_text(self) -> None:
        self.assertEqual(len(reading.read_text("x" * 5_000_000).refusals), 1)


class ReadPicturesTests(TestCase):
    def test_reads_all_codes_of_all_pictures(self) -> None:
        found = reading.read_pictures([("a.png", png(URI, SECOND)), ("b.png", png(URI))])

        self.assertEqual([row.issuer for row in found.accounts], ["GitHub", "GitLab"])

    def test_says_what_is_wrong_with_a_picture_by_its_name(self) -> None:
        blank = io.BytesIO()
        Image.new("L", (60, 60), 255).save(blank, format="PNG")

        found = reading.read_pictures(
            [
                ("large.png", b"x" * (5 * 1024 * 1024 + 1)),
                ("text.png", b"hello"),
                ("blank.png", blank.getvalue()),
                ("web.png", png("https://example.com")),
            ]
        )

        told = {row.what: row.why for row in found.refusals}
        self.assertIn("larger than 5 MB", told["large.png"])
        self.assertIn("not a whole PNG", told["text.png"])
        self.assertIn("No QR code", told["blank.png"])
        self.assertIn("something else than a second factor", told["web.png"])

    def test_names_the_parts_of_an_export_that_are_missing(self) -> None:
        # Part 2 of 3, with one account.
        part = "otpauth-migration://offline?data=ChoKCkhlbGxvIQAAAAASAmFiGgJjZCABKAEwAhABGAMgASgB"

        found = reading.read_pictures([("part.png", png(part))])

        self.assertEqual(len(found.accounts), 1)
        self.assertEqual(
            found.missing,
            ["Parts 1, 3 of 3 of this export are still missing. Add their pictures too."],
        )

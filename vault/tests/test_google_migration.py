from __future__ import annotations

import base64
import json
import subprocess
import unittest
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from tests.programs import judge, node_package
from vault.formats import google_migration, uri_list
from vault.formats.account import OtpAccount
from vault.formats.reading import MissingParts
from vault.formats.refusals import FormatRefusal, RefusedEntry
from vault.tests.vectors_folder import (
    OUTSIDE,
    described,
    needs_outside_samples,
    outside,
    own,
)

START = "otpauth-migration://offline?data="
SECRET_TEXT = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
ENTRY = bytes.fromhex("0a04") + b"abcd" + bytes.fromhex("1204") + b"mira" + bytes.fromhex("3002")


def migration(message: bytes) -> str:
    return START + quote(base64.b64encode(message), safe="")


def message(*entries: bytes, size: int = 1, index: int = 0) -> bytes:
    """All lengths and numbers stay under 128, one byte each."""
    encoded = b"".join(bytes([0x0A, len(entry)]) + entry for entry in entries)
    return encoded + bytes([0x10, 1, 0x18, size, 0x20, index, 0x28, 77])


class OwnVectors(unittest.TestCase):
    def test_reads_or_refuses_each_case(self) -> None:
        for case in own("google_migration.json"):
            with self.subTest(why=case["why"]):
                if "error" in case:
                    self.assert_refused(case["uri"], case["error"])
                else:
                    self.assert_read(case)

    def assert_read(self, case: dict[str, object]) -> None:
        batch = google_migration.read(str(case["uri"]))

        self.assertEqual([described(account) for account in batch.accounts], case["expect"])
        refused = [[entry.reason, entry.issuer, entry.name, entry.place] for entry in batch.refused]
        self.assertEqual(refused, case["refused"])
        part = (batch.size, batch.index, batch.id)
        self.assertEqual(part, (case["size"], case["index"], case["id"]))

    def assert_refused(self, uri: str, reason: str) -> None:
        with self.assertRaises(FormatRefusal) as caught:
            google_migration.read(uri)
        self.assertEqual(caught.exception.reason, reason)


@needs_outside_samples
class OutsideSamples(unittest.TestCase):
    def test_reads_or_refuses_each_sample(self) -> None:
        for folder in ("google", "handmade_exports"):
            for name, about in outside(f"{folder}/expected.json").items():
                if name == "uris.txt" or not name.endswith(".txt"):
                    continue
                text = (OUTSIDE / folder / name).read_text(encoding="utf-8")
                with self.subTest(name=name):
                    reading = uri_list.read(text)

                    read = [described(account) for account in reading.accounts]
                    self.assertEqual(read, about["entries"])
                    self.assertEqual(len(reading.refused), 0 if about["entries"] else 1)

    def test_gives_the_reason_for_each_refused_sample(self) -> None:
        for name, reason in {
            "content": "not a URI",
            "data": "migration",
            "prefix": "not a URI",
        }.items():
            path = OUTSIDE / "google" / f"scito_test_export_wrong_{name}.txt"

            reading = uri_list.read(path.read_text(encoding="utf-8"))

            self.assertEqual(reading.refused, [RefusedEntry(reason, place=1)])


class Limits(unittest.TestCase):
    def test_refuses_a_uri_over_64_kib(self) -> None:
        start = migration(message(ENTRY)) + "&x="
        longest = start + "x" * (google_migration.MAX_URI_BYTES - len(start))

        self.assertEqual(len(google_migration.read(longest).accounts), 1)
        with self.assertRaisesRegex(FormatRefusal, "longer"):
            google_migration.read(longest + "x")

    def test_refuses_more_than_1000_entries(self) -> None:
        most = [ENTRY] * google_migration.MAX_ENTRIES

        self.assertEqual(len(google_migration.read(migration(message(*most))).accounts), 1000)
        with self.assertRaises(FormatRefusal) as caught:
            google_migration.read(migration(message(*most, ENTRY)))
        self.assertEqual(caught.exception.reason, "too many")

    def test_never_shows_the_secret_of_a_refused_entry(self) -> None:
        md5 = ENTRY + bytes([0x20, 4])

        batch = google_migration.read(migration(message(md5)))

        self.assertEqual(batch.refused, (RefusedEntry("algorithm", "", "mira", 1),))
        self.assertNotIn("abcd", repr(batch))


class DamagedExports(unittest.TestCase):
    def test_refuses_an_export_cut_anywhere(self) -> None:
        whole = message(ENTRY)
        for length in range(len(ENTRY) + 2):
            with self.subTest(length=length), self.assertRaises(FormatRefusal):
                google_migration.read(migration(whole[:length]))

    @given(st.binary(max_size=200))
    def test_reads_or_refuses_any_bytes(self, encoded: bytes) -> None:
        for uri in (migration(encoded), migration(message(ENTRY, encoded[:100]))):
            try:
                batch = google_migration.read(uri)
            except FormatRefusal:
                continue
            self.assertTrue(batch.accounts or batch.refused)


class SeveralUris(unittest.TestCase):
    def test_reads_a_text_of_both_kinds(self) -> None:
        otpauth = f"otpauth://totp/otto?secret={SECRET_TEXT}"
        text = f"\ufeff# my codes\r\n\r\n{otpauth}\r\n  {migration(message(ENTRY))}\r\nwords\r\n"

        reading = uri_list.read(text)

        self.assertEqual([account.name for account in reading.accounts], ["otto", "mira"])
        self.assertEqual(reading.refused, [RefusedEntry("not a URI", place=5)])
        self.assertEqual(reading.missing, [])

    def test_splits_one_line_at_commas_before_uris(self) -> None:
        uri = f"otpauth://totp/a,b?secret={SECRET_TEXT}"

        reading = uri_list.read(f"{uri},{uri}")

        self.assertEqual([account.name for account in reading.accounts], ["a,b", "a,b"])

    def test_names_the_missing_parts_of_an_export(self) -> None:
        parts = [migration(message(ENTRY, size=4, index=index)) for index in (2, 0)]

        reading = uri_list.read_uris(parts)

        self.assertEqual(len(reading.accounts), 2)
        self.assertEqual(reading.missing, [MissingParts(77, 4, (1, 3))])

    def test_takes_the_same_part_once(self) -> None:
        part = migration(message(ENTRY, size=1))

        reading = uri_list.read_uris([part, part])

        self.assertEqual(len(reading.accounts), 1)

    def test_refuses_more_than_can_be_read_at_once(self) -> None:
        with self.assertRaises(FormatRefusal) as caught:
            uri_list.read("words\n" * (uri_list.MAX_ENTRIES + 1))
        self.assertEqual(caught.exception.reason, "too many")
        with self.assertRaises(FormatRefusal) as caught:
            uri_list.read("x" * (uri_list.MAX_TEXT_LENGTH + 1))
        self.assertEqual(caught.exception.reason, "too long")


DECODE = """
const { decodeMigrationUri } = require(process.argv[1]);
(async () => {
  const found = [];
  for (const uri of process.argv.slice(2)) found.push(await decodeMigrationUri(uri));
  console.log(JSON.stringify(found));
})();
"""


class Written(unittest.TestCase):
    rows = [
        OtpAccount("totp", b"secret %d" % number, issuer="Müller", name=f"ada{number}")
        for number in range(23)
    ] + [OtpAccount("hotp", b"h", name="x", counter=2**53, algorithm="SHA512", digits=8)]

    def test_puts_ten_entries_into_a_code(self) -> None:
        batches = [google_migration.read(uri) for uri in google_migration.write(self.rows)]

        assert [len(batch.accounts) for batch in batches] == [10, 10, 4]
        assert [(batch.size, batch.index) for batch in batches] == [(3, 0), (3, 1), (3, 2)]
        (batch_id,) = {batch.id for batch in batches}
        assert 0 < batch_id < 2**31

    def test_says_what_has_no_place(self) -> None:
        for changes, reason in (
            ({"type": "steam"}, "type"),
            ({"digits": 7}, "digits"),
            ({"period": 60}, "period"),
        ):
            account = OtpAccount(**{"type": "totp", "secret": b"x", **changes})  # type: ignore[arg-type]
            assert google_migration.misfit(account) == reason
            with self.assertRaises(FormatRefusal):
                google_migration.write([account])
        eight = OtpAccount("totp", b"x", digits=8)
        long = OtpAccount("totp", b"x", algorithm="SHA256")
        assert [google_migration.misfit(row) for row in (eight, long)] == ["", ""]
        strict = [google_migration.misfit(row, strict=True) for row in (eight, long)]
        assert strict == ["digits", "algorithm"]

    def test_is_decoded_by_another_program(self) -> None:
        package = node_package("gauth-decode")
        uris = google_migration.write(self.rows)

        ran = subprocess.run(
            [judge("node"), "-e", DECODE, str(package), *uris],
            check=True,
            capture_output=True,
            text=True,
        )

        parts = json.loads(ran.stdout)
        found = json.dumps(parts, ensure_ascii=False)
        for row in self.rows:
            assert row.name in found
        assert found.count("Müller") >= 23

from __future__ import annotations

import unittest

from vault.formats import kdf, reading
from vault.formats.account import OtpAccount
from vault.formats.refusals import (
    Damaged,
    FormatRefusal,
    PasswordNeeded,
    TooExpensive,
    TooLarge,
    WrongPassword,
)


def account_of(secret: bytes) -> OtpAccount:
    return OtpAccount("totp", secret, issuer="GitHub")


class Reading(unittest.TestCase):
    def test_keeps_the_others_when_one_entry_is_refused(self) -> None:
        read = reading.read_each([b"one", b"", b"three"], account_of, groups=("Work",))

        assert [account.secret for account in read.accounts] == [b"one", b"three"]
        assert [(row.label, row.reason.reason) for row in read.refused] == [("GitHub", "secret")]
        assert read.groups == ("Work",)

    def test_numbers_an_entry_without_any_name(self) -> None:
        assert reading.Refused.of(FormatRefusal("text"), place=3).label == "#3"

    def test_stops_at_too_many_entries(self) -> None:
        with self.assertRaises(FormatRefusal) as caught:
            reading.read_each([b"x"] * (reading.MAX_ENTRIES + 1), account_of)
        assert caught.exception.reason == "too many"

    def test_each_refusal_has_its_reason(self) -> None:
        reasons = {
            PasswordNeeded: "password needed",
            WrongPassword: "wrong password",
            TooExpensive: "too expensive",
            Damaged: "damaged",
            TooLarge: "too large",
        }
        for refusal, reason in reasons.items():
            assert refusal().reason == reason
            assert isinstance(refusal(), FormatRefusal)


class Json(unittest.TestCase):
    def test_reads_with_a_byte_order_mark(self) -> None:
        assert reading.load_json(b'\xef\xbb\xbf{"a": [1]}') == {"a": [1]}

    def test_refuses_what_is_no_json(self) -> None:
        for data in (b"", b"{", b"NaN", b'{"a": Infinity}', b"\xff\xfe", b'"\\ud800', b"1" * 5000):
            with self.assertRaises(Damaged):
                reading.load_json(data)

    def test_refuses_what_lies_too_deep(self) -> None:
        with self.assertRaises(Damaged):
            reading.load_json(b"[" * 100_000)

    def test_does_not_count_brackets_in_strings(self) -> None:
        assert reading.load_json(b'["' + b"[{" * 100 + b'\\"["]') == ["[{" * 100 + '"[']

    def test_refuses_too_many_bytes(self) -> None:
        with self.assertRaises(TooLarge):
            reading.load_json(b" " * (reading.MAX_BYTES + 1))

    def test_takes_numbers_as_text_and_nothing_else(self) -> None:
        assert reading.number_of("30", "period") == 30
        assert reading.number_of(6.0, "digits") == 6
        values: tuple[object, ...] = (True, None, "1_0", 1.5, [], "-1", "٣")
        for value in values:
            with self.assertRaises(FormatRefusal):
                reading.number_of(value, "period")


class Keys(unittest.TestCase):
    def test_derives_the_published_keys(self) -> None:
        # RFC 6070 and RFC 7914.
        derived = kdf.pbkdf2("password", b"salt", 2, algorithm="sha1", length=20)
        assert derived.hex() == "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"
        assert kdf.scrypt("", b"", n=16, r=1, p=1, length=16).hex() == (
            "77d6576238657b203b19ca42c18a0497"
        )

    def test_refuses_costs_beyond_the_bounds(self) -> None:
        with self.assertRaises(TooExpensive):
            kdf.pbkdf2("x", b"salt", 10_000_001, algorithm="sha1")
        for n, r, p in ((1 << 18, 8, 1), (1 << 15, 8, 5), (1 << 40, 1, 1)):
            with self.assertRaises(TooExpensive):
                kdf.scrypt("x", b"salt", n=n, r=r, p=p)

    def test_refuses_costs_that_make_no_sense(self) -> None:
        with self.assertRaises(Damaged):
            kdf.pbkdf2("x", b"salt", 0, algorithm="sha1")
        for n, r, p in ((0, 8, 1), (1000, 8, 1), (1024, 0, 1), (1024, 8, -1)):
            with self.assertRaises(Damaged):
                kdf.scrypt("x", b"salt", n=n, r=r, p=p)

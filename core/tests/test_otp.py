from __future__ import annotations

import base64
import hashlib
import random
import unittest

import pyotp
from hypothesis import given
from hypothesis import strategies as st
from pyotp.contrib.steam import Steam

from core import otp

RFC_4226_SECRET = b"12345678901234567890"
RFC_4226_CODES = [
    "755224",
    "287082",
    "359152",
    "969429",
    "338314",
    "254676",
    "287922",
    "162583",
    "399871",
    "520489",
]

# RFC 6238 appendix B: each algorithm has a seed as long as its digest.
RFC_6238_SEEDS = {
    "SHA1": b"12345678901234567890",
    "SHA256": b"12345678901234567890123456789012",
    "SHA512": b"1234567890123456789012345678901234567890123456789012345678901234",
}
RFC_6238_CODES = {
    59: ("94287082", "46119246", "90693936"),
    1111111109: ("07081804", "68084774", "25091201"),
    1111111111: ("14050471", "67062674", "99943326"),
    1234567890: ("89005924", "91819424", "93441116"),
    2000000000: ("69279037", "90698825", "38618901"),
    20000000000: ("65353130", "77737706", "47863826"),
}
HASHES = {"SHA1": hashlib.sha1, "SHA256": hashlib.sha256, "SHA512": hashlib.sha512}


class CodesOfTheStandards(unittest.TestCase):
    def test_makes_the_codes_of_rfc_4226_appendix_d(self) -> None:
        codes = [otp.hotp(RFC_4226_SECRET, counter) for counter in range(10)]

        self.assertEqual(codes, RFC_4226_CODES)

    def test_makes_the_codes_of_rfc_6238_appendix_b(self) -> None:
        for seconds, codes in RFC_6238_CODES.items():
            for (algorithm, seed), code in zip(RFC_6238_SEEDS.items(), codes, strict=True):
                with self.subTest(seconds=seconds, algorithm=algorithm):
                    made = otp.totp(seed, seconds, algorithm=algorithm, digits=8)

                    self.assertEqual(made, code)

    def test_makes_known_steam_codes(self) -> None:
        secret = otp.decode_base32("63BEDWCQZKTQWPESARIERL5DTTQFCJTK")

        self.assertEqual(otp.steam(secret, 1511200518), "FR8RV")
        self.assertEqual(otp.steam(secret, 1511200714), "9P3VP")

    def test_makes_short_codes_from_the_end_of_long_ones(self) -> None:
        longest = otp.hotp(RFC_4226_SECRET, 5, digits=10)

        for digits in range(1, 10):
            self.assertEqual(otp.hotp(RFC_4226_SECRET, 5, digits=digits), longest[-digits:])

    def test_takes_the_longest_period(self) -> None:
        seconds = otp.MAX_PERIOD * 3

        code = otp.totp(RFC_4226_SECRET, seconds, period=otp.MAX_PERIOD)

        self.assertEqual(code, RFC_4226_CODES[3])

    def test_keeps_one_code_for_the_whole_period(self) -> None:
        codes = {otp.totp(RFC_4226_SECRET, seconds, period=20) for seconds in range(40, 60)}

        self.assertEqual(codes, {otp.hotp(RFC_4226_SECRET, 2)})


class CodesOfAnotherLibrary(unittest.TestCase):
    """pyotp refuses secrets under 112 bits, under 6 digits and periods over two minutes."""

    def test_agrees_with_pyotp_on_many_hotp_codes(self) -> None:
        chance = random.Random(4226)
        for _ in range(3000):
            secret = chance.randbytes(chance.randint(14, 80))
            algorithm = chance.choice(list(HASHES))
            digits = chance.randint(6, 10)
            counter = chance.getrandbits(chance.randint(1, 63))
            theirs = pyotp.HOTP(_padded(secret), digits=digits, digest=HASHES[algorithm])

            ours = otp.hotp(secret, counter, algorithm=algorithm, digits=digits)

            self.assertEqual(ours, theirs.at(counter))

    def test_agrees_with_pyotp_on_many_totp_codes(self) -> None:
        chance = random.Random(6238)
        for _ in range(3000):
            secret = chance.randbytes(chance.randint(14, 80))
            period = chance.choice([1, 10, 20, 30, 50, 60, 120])
            seconds = chance.randint(0, 1 << 40)
            theirs = pyotp.TOTP(_padded(secret), digits=7, digest=hashlib.sha256, interval=period)

            ours = otp.totp(secret, seconds, period=period, algorithm="SHA256", digits=7)

            self.assertEqual(ours, theirs.generate_otp(seconds // period))

    def test_agrees_with_pyotp_on_many_steam_codes(self) -> None:
        chance = random.Random(26)
        for _ in range(1000):
            secret = chance.randbytes(20)
            seconds = chance.randint(0, 1 << 33)

            ours = otp.steam(secret, seconds)

            self.assertEqual(ours, Steam(_padded(secret)).generate_otp(seconds // 30))


class RangesOfACode(unittest.TestCase):
    def test_refuses_numbers_of_digits_that_no_code_has(self) -> None:
        for digits in (-1, 0, 11):
            with self.subTest(digits=digits), self.assertRaises(ValueError):
                otp.hotp(b"secret", 0, digits=digits)

    def test_refuses_periods_out_of_range(self) -> None:
        for period in (-30, 0, otp.MAX_PERIOD + 1):
            with self.subTest(period=period), self.assertRaises(ValueError):
                otp.totp(b"secret", 59, period=period)
            with self.subTest(steam=period), self.assertRaises(ValueError):
                otp.steam(b"secret", 59, period=period)

    def test_refuses_a_counter_that_does_not_fit(self) -> None:
        for counter in (-1, 1 << 64):
            with self.subTest(counter=counter), self.assertRaises(ValueError):
                otp.hotp(b"secret", counter)

    def test_refuses_a_moment_before_1970(self) -> None:
        with self.assertRaises(ValueError):
            otp.totp(b"secret", -1)

    def test_refuses_an_unknown_algorithm(self) -> None:
        for algorithm in ("MD5", "sha1", "SHA-1", ""):
            with self.subTest(algorithm=algorithm), self.assertRaises(ValueError):
                otp.hotp(b"secret", 0, algorithm=algorithm)


class Base32Secrets(unittest.TestCase):
    def test_reads_what_people_paste(self) -> None:
        for text in (
            "JBSWY3DPEHPK3PXP",
            "jbswy3dpehpk3pxp",
            " jbsw y3dp\tehpk\n3pxp ",
            "JBSW-Y3DP-EHPK-3PXP",
            "JBSW\u00a0Y3DP EHPK 3PXP===",
        ):
            with self.subTest(text=text):
                self.assertEqual(otp.decode_base32(text), b"Hello!\xde\xad\xbe\xef")

    def test_refuses_an_empty_secret(self) -> None:
        for text in ("", "  ", "-", "===="):
            with self.subTest(text=text), self.assertRaisesRegex(otp.BadBase32, "empty"):
                otp.decode_base32(text)

    def test_refuses_foreign_characters(self) -> None:
        for text in (
            "JBSWY3D0",
            "JBSWY3D1",
            "JBSWY3D8",
            "JBSWY3D9",
            "JBSWY3D_",
            "JBSWY3D\u0131",
            "\u017fA",
        ):
            with self.subTest(text=text), self.assertRaisesRegex(otp.BadBase32, "A to Z"):
                otp.decode_base32(text)

    def test_refuses_impossible_lengths(self) -> None:
        for length in (1, 3, 6, 9, 11, 14):
            with self.subTest(length=length), self.assertRaisesRegex(otp.BadBase32, "short"):
                otp.decode_base32("A" * length)

    def test_accepts_unused_bits_at_the_end(self) -> None:
        self.assertEqual(otp.decode_base32("AB"), otp.decode_base32("AA"))

    def test_never_repeats_the_secret_in_a_refusal(self) -> None:
        with self.assertRaises(otp.BadBase32) as caught:
            otp.decode_base32("JBSWY3DPEHPK3PX0")

        self.assertNotIn("JBSW", str(caught.exception))

    @given(st.binary(min_size=1, max_size=200))
    def test_reads_back_what_it_writes(self, secret: bytes) -> None:
        text = otp.encode_base32(secret)

        self.assertNotIn("=", text)
        self.assertEqual(otp.decode_base32(text), secret)
        self.assertEqual(base64.b32decode(text + "=" * (-len(text) % 8)), secret)


def _padded(secret: bytes) -> str:
    return base64.b32encode(secret).decode()

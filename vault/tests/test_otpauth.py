from __future__ import annotations

import unittest
from typing import Any

import pyotp
from hypothesis import given
from hypothesis import strategies as st

from core import otp
from vault.formats import otpauth
from vault.formats.account import MAX_COUNTER, MAX_TEXT_LENGTH, OtpAccount
from vault.formats.refusals import SENTENCES, FormatRefusal
from vault.tests.vectors_folder import (
    OUTSIDE,
    described,
    needs_outside_samples,
    outside,
    own,
)

SECRET = b"12345678901234567890"
SECRET_TEXT = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


class VectorCase(unittest.TestCase):
    def check(self, case: dict[str, str]) -> None:
        with self.subTest(why=case["why"]):
            if "error" not in case:
                account = otpauth.read(case["uri"])
                self.assertEqual(described(account), case["expect"])
                return
            with self.assertRaises(FormatRefusal) as caught:
                otpauth.read(case["uri"])
            self.assertEqual(caught.exception.reason, case["error"])


class OwnVectors(VectorCase):
    def test_reads_or_refuses_each_case(self) -> None:
        for case in own("otpauth.json"):
            self.check(case)

    def test_reads_again_what_it_writes_for_each_case(self) -> None:
        for case in own("otpauth.json"):
            if "expect" not in case:
                continue
            with self.subTest(why=case["why"]):
                account = otpauth.read(case["uri"])

                self.assertEqual(otpauth.read(otpauth.write(account)), account)


@needs_outside_samples
class OutsideSamples(VectorCase):
    def test_reads_or_refuses_each_edge_case(self) -> None:
        cases = outside("otpauth/handmade_edge_cases.json")

        self.assertEqual(len(cases), 49)
        for case in cases:
            # The samples call what is not there by the same word as what is wrong.
            is_empty = case["why"] in {"secret missing", "secret empty"}
            self.check(case | {"error": "empty secret"} if is_empty else case)

    def test_reads_the_lists_of_other_apps(self) -> None:
        for folder, name in (("otpauth", "plain.txt"), ("handmade_exports", "uris.txt")):
            lines = (OUTSIDE / folder / name).read_text(encoding="utf-8").splitlines()

            read = [described(otpauth.read(line)) for line in lines]

            self.assertEqual(read, outside(f"{folder}/expected.json")[name]["entries"])


class Limits(VectorCase):
    def test_refuses_a_uri_over_8_kib(self) -> None:
        start = f"otpauth://totp/mira?secret={SECRET_TEXT}&image="
        longest = start + "x" * (otpauth.MAX_URI_BYTES - len(start))

        self.assertEqual(otpauth.read(longest).name, "mira")
        self.check({"why": "one more", "uri": longest + "x", "error": "too long"})
        self.check({"why": "bytes count", "uri": longest[:-1] + "ä", "error": "too long"})

    def test_refuses_what_does_not_fit_an_entry(self) -> None:
        start = "otpauth://totp/"
        self.check({"why": "name", "uri": f"{start}{'m' * 256}?secret=AA", "error": "text"})
        self.check({"why": "secret", "uri": f"{start}?secret={'A' * 1648}", "error": "secret"})
        digits = "9" * 5000
        self.check(
            {"why": "number", "uri": f"{start}?secret=AA&digits={digits}", "error": "digits"}
        )

    def test_takes_lone_surrogates_for_spaces(self) -> None:
        account = otpauth.read("otpauth://totp/mi\ud800ra?secret=AA")

        self.assertEqual(account.name, "mi ra")


class Refusals(unittest.TestCase):
    def test_names_the_entry_and_never_the_secret(self) -> None:
        with self.assertRaises(FormatRefusal) as caught:
            otpauth.read(f"otpauth://totp/Harbour:mira?secret={SECRET_TEXT}0")

        refusal = caught.exception
        self.assertEqual((refusal.issuer, refusal.name), ("Harbour", "mira"))
        self.assertNotIn("GEZD", f"{refusal} {refusal!r} {vars(refusal)}")
        self.assertIsNone(refusal.__cause__)

    def test_has_a_sentence_for_each_reason(self) -> None:
        for reason, sentence in SENTENCES.items():
            self.assertEqual(str(FormatRefusal(reason)), sentence)
            self.assertRegex(sentence, r"^[A-Z].*\.$")


class Accounts(unittest.TestCase):
    def test_hides_the_secret_in_its_repr(self) -> None:
        account = OtpAccount("totp", SECRET, issuer="Harbour")

        self.assertNotIn("12345", repr(account))
        self.assertNotIn("secret", repr(account))

    def test_refuses_values_no_code_can_be_made_from(self) -> None:
        cases: dict[str, dict[str, Any]] = {
            "type": {"type": "motp"},
            "secret": {"secret": b""},
            "algorithm": {"algorithm": "MD5"},
            "digits": {"digits": 11},
            "period": {"period": 0},
            "counter": {"counter": MAX_COUNTER + 1},
            "text": {"name": "two\nlines"},
        }
        for reason, wrong in cases.items():
            with self.subTest(reason=reason), self.assertRaises(FormatRefusal) as caught:
                OtpAccount(**{"type": "totp", "secret": SECRET, **wrong})
            self.assertEqual(caught.exception.reason, reason)

    def test_makes_steam_what_steam_always_is(self) -> None:
        account = OtpAccount("steam", SECRET, algorithm="SHA512", digits=8)

        self.assertEqual((account.algorithm, account.digits), ("SHA1", 5))


class Categories(unittest.TestCase):
    def test_takes_repeated_tags_once_each(self) -> None:
        account = otpauth.read("otpauth://totp/mira?secret=AA&tags=Work&tags=&tags=Ops&tags=Work")

        self.assertEqual(account.categories, ("Work", "Ops"))


class Writing(unittest.TestCase):
    def test_writes_every_parameter_encoded(self) -> None:
        account = OtpAccount("totp", SECRET, issuer="Café & Co", name="a,b +c", digits=7)

        self.assertEqual(
            otpauth.write(account),
            "otpauth://totp/Caf%C3%A9%20%26%20Co:a%2Cb%20%2Bc"
            f"?secret={SECRET_TEXT}&issuer=Caf%C3%A9%20%26%20Co"
            "&algorithm=SHA1&digits=7&period=30",
        )

    def test_writes_no_issuer_where_there_is_none(self) -> None:
        account = OtpAccount("hotp", SECRET, name="mira", counter=41)

        uri = otpauth.write(account)

        self.assertEqual(
            uri, f"otpauth://hotp/mira?secret={SECRET_TEXT}&algorithm=SHA1&digits=6&counter=41"
        )

    def test_writes_steam_in_both_spellings(self) -> None:
        account = OtpAccount("steam", SECRET, issuer="Games", name="mira")

        self.assertRegex(otpauth.write(account), r"^otpauth://steam/Games:mira\?")
        compatible = otpauth.write(account, compatible_steam=True)
        self.assertRegex(compatible, r"^otpauth://totp/Steam:Games%20mira\?.*&encoder=steam$")
        self.assertEqual(otpauth.read(compatible).type, "steam")

    def test_is_read_by_pyotp(self) -> None:
        account = OtpAccount("totp", SECRET, "Große:Fähre", "zoë", "SHA256", 8, 60)

        theirs = pyotp.parse_uri(otpauth.write(account))

        assert isinstance(theirs, pyotp.TOTP)
        ours = otp.totp(SECRET, 1_700_000_000, period=60, algorithm="SHA256", digits=8)
        self.assertEqual(theirs.at(1_700_000_000), ours)


# As an account holds them: trimmed, without control characters and lone surrogates.
# Three of the longest texts, all percent-encoded, would not fit into the longest URI.
texts = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=MAX_TEXT_LENGTH // 2
).map(str.strip)


@st.composite
def accounts(draw: st.DrawFn) -> OtpAccount:
    kind = draw(st.sampled_from(["totp", "hotp", "steam"]))
    issuer, name = draw(texts), draw(texts)
    return OtpAccount(
        kind,
        draw(st.binary(min_size=1, max_size=200)),
        issuer=issuer,
        # Without an issuer the part before a colon is read as one.
        name=name if issuer else name.replace(":", ""),
        algorithm=draw(st.sampled_from(list(otp.ALGORITHMS))),
        digits=draw(st.integers(1, 10)),
        period=30 if kind == "hotp" else draw(st.integers(1, otp.MAX_PERIOD)),
        counter=draw(st.integers(0, MAX_COUNTER)) if kind == "hotp" else 0,
    )


class RoundTrip(unittest.TestCase):
    @given(accounts())
    def test_reads_back_what_it_writes(self, account: OtpAccount) -> None:
        uri = otpauth.write(account)

        self.assertTrue(uri.isascii())
        read = otpauth.read(uri)
        # Plain five-digit TOTP of an issuer called Steam is Steam's own spelling.
        if account.issuer == "Steam" and read.is_steam:
            return
        self.assertEqual(read, account)

    @given(st.text(max_size=300))
    def test_reads_or_refuses_any_text(self, text: str) -> None:
        for uri in (text, f"otpauth://totp/{text}", f"otpauth://totp/x?secret=AA&{text}"):
            try:
                account = otpauth.read(uri)
            except FormatRefusal:
                continue
            self.assertEqual(otpauth.read(uri), account)

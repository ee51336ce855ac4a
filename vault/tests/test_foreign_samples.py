"""Real files of other apps, read to what is known to be in them."""

from __future__ import annotations

import unittest
from typing import Any

from core import otp
from vault import qr
from vault.formats import detection, otpauth_list
from vault.formats.account import OtpAccount
from vault.formats.reading import Read
from vault.formats.refusals import FormatRefusal
from vault.tests.vectors_folder import OUTSIDE, described, needs_outside_samples, outside

FOLDERS = (
    "2fas",
    "2fauth",
    "aegis",
    "andotp",
    "authenticator_plus",
    "authy",
    "battlenet",
    "bitwarden",
    "duo",
    "ente",
    "freeotp",
    "freeotpplus",
    "google",
    "handmade_exports",
    "microsoft",
    "otpauth",
    "proton",
    "raivo",
    "steam",
    "totp_authenticator",
)
# Nothing in such a file says what it is: a person has to.
NAMED = {"andotp/andotp_encrypted_old.bin": "andotp"}
# What entries of the samples tell besides the account itself.
EXTRAS = ("groups", "tags", "note", "favorite")


def read(name: str, password: str | None) -> Read:
    content = (OUTSIDE / name).read_bytes()
    if name.endswith(".png"):
        return otpauth_list.read("\n".join(qr.read(content)).encode())
    return detection.read(content, name=NAMED.get(name, ""), password=password)


def expected(folder: str) -> dict[str, dict[str, Any]]:
    return {f"{folder}/{name}": case for name, case in outside(f"{folder}/expected.json").items()}


def told(account: OtpAccount, wanted: dict[str, Any]) -> dict[str, Any]:
    """An account in the words of the sample, with as much as the sample tells."""
    words: dict[str, Any] = dict(described(account))
    extras = {
        "groups": list(account.categories),
        "tags": list(account.categories),
        "note": account.note,
        "favorite": account.favourite,
    }
    return words | {name: extras[name] for name in EXTRAS if name in wanted}


def plainly(entry: dict[str, Any]) -> dict[str, Any]:
    """An expected entry without what is no part of an account, its secret in its one spelling."""
    kept = {name: value for name, value in entry.items() if name not in ("pin", "icon_mime")}
    return kept | {"secret": otp.encode_base32(otp.decode_base32(entry["secret"]))}


def reason_of(name: str, password: str | None) -> str:
    try:
        read(name, password)
    except FormatRefusal as refusal:
        return refusal.reason
    return ""


@needs_outside_samples
class SampleTests(unittest.TestCase):
    def test_reads_every_sample_to_its_entries(self) -> None:
        read_samples = 0
        for folder in FOLDERS:
            for name, case in expected(folder).items():
                if not case["entries"]:
                    continue
                found = read(name, case["password"])

                kept = [row for row in case["entries"] if row["type"] in ("totp", "hotp", "steam")]
                pairs = zip(found.accounts, kept, strict=True)
                assert [told(account, row) for account, row in pairs] == list(map(plainly, kept)), (
                    name
                )
                assert len(found.refused) == len(case["entries"]) - len(kept), name
                read_samples += 1
        assert read_samples >= 58

    def test_refuses_what_must_be_refused_with_a_reason(self) -> None:
        reasons = {}
        for folder in FOLDERS:
            for name, case in expected(folder).items():
                if case["entries"]:
                    continue
                try:
                    found = read(name, case["password"])
                except FormatRefusal as refusal:
                    reasons[name] = refusal.reason
                else:
                    assert not found.accounts
                    reasons[name] = found.refused[0].reason.reason

        assert reasons == {
            "google/scito_test_export_wrong_content.txt": "unknown format",
            "google/scito_test_export_wrong_data.txt": "migration",
            "google/scito_test_export_wrong_prefix.txt": "unknown format",
        }

    def test_asks_for_the_password_and_refuses_a_wrong_one(self) -> None:
        asked = 0
        for folder in FOLDERS:
            for name, case in expected(folder).items():
                if case["password"] is None:
                    continue
                assert reason_of(name, None) == "password needed", name
                # In an old file of andOTP the number of rounds is noise, and mostly absurd.
                wrong = {"wrong password", *(("too expensive",) if name in NAMED else ())}
                assert reason_of(name, "not it") in wrong, name
                asked += 1
        assert asked >= 14

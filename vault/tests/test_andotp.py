from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.programs import judge
from vault.formats import andotp
from vault.formats.account import OtpAccount
from vault.formats.refusals import (
    Damaged,
    FormatRefusal,
    PasswordNeeded,
    TooExpensive,
    WrongPassword,
)
from vault.tests.vectors_folder import OUTSIDE, described, needs_outside_samples, outside

ROWS = [
    OtpAccount("totp", b"1234567890", issuer="GitHub", name="ada", categories=("Work", "Home")),
    OtpAccount("hotp", b"abcdefghij", name='q"uote', counter=7, algorithm="SHA512", digits=8),
    OtpAccount("steam", b"klmnopqrst", issuer="Stéam 🎮"),
]
PASSWORD = "pässwörd 🔐"


def plain() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(b"".join(andotp.write(ROWS)))
    return entries


def refusal_of(data: bytes, password: str | None = None) -> FormatRefusal:
    try:
        andotp.read(data, password=password)
    except FormatRefusal as refusal:
        return refusal
    raise AssertionError("nothing was refused")


class Written(unittest.TestCase):
    def test_is_a_bare_array_of_complete_entries_in_capitals(self) -> None:
        entries = plain()

        assert [entry["type"] for entry in entries] == ["TOTP", "HOTP", "STEAM"]
        for entry in entries:
            for key in ("secret", "issuer", "label", "digits", "algorithm", "thumbnail", "tags"):
                assert entry[key] is not None, key
            assert len(entry["secret"]) % 8 == 0
            assert (entry["last_used"], entry["used_frequency"]) == (0, 0)
        assert [("period" in entry, "counter" in entry) for entry in entries] == [
            (True, False),
            (False, True),
            (False, False),
        ]

    def test_has_the_costs_that_the_app_has(self) -> None:
        sealed = andotp.write_sealed(ROWS, PASSWORD)

        assert 140_000 <= int.from_bytes(sealed[:4]) <= 160_000

    def test_opens_for_the_decryption_program(self) -> None:
        program = judge("andotp_decrypt")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "otp_accounts.json.aes"
            path.write_bytes(andotp.write_sealed(ROWS, PASSWORD))

            # Without a terminal it takes the password from its input.
            ran = subprocess.run(
                ["setsid", program, str(path)],
                input=f"{PASSWORD}\n",
                capture_output=True,
                text=True,
                check=True,
                timeout=60,
                env={**os.environ, "PYTHONIOENCODING": "utf-8", "LC_ALL": "C.UTF-8"},
            )

        start = ran.stdout.index("[")
        assert json.loads(ran.stdout[start:]) == plain()

    def test_says_what_has_no_place(self) -> None:
        steam = OtpAccount("steam", b"x", period=60)

        assert andotp.misfit(steam) == "period"
        assert [andotp.misfit(row) for row in ROWS] == ["", "", ""]


class Readings(unittest.TestCase):
    def test_reads_the_envelope_that_goes_by_its_name(self) -> None:
        data = json.dumps({"version": 1, "entries": plain()}).encode()

        assert andotp.recognises(data)
        assert list(andotp.read(data).accounts) == ROWS

    def test_reads_an_empty_array(self) -> None:
        assert andotp.recognises(b"[]")
        assert andotp.read(b"[]").accounts == ()

    def test_reads_the_old_sealing(self) -> None:
        key = hashlib.sha256(PASSWORD.encode()).digest()
        nonce = b"\x00" * 3 + b"9" * 9
        data = nonce + AESGCM(key).encrypt(nonce, b"".join(andotp.write(ROWS)), None)

        assert list(andotp.read(data, password=PASSWORD).accounts) == ROWS

    def test_splits_the_label_of_the_old_form(self) -> None:
        entries = [
            {"secret": "GEZDGNBV", "label": label, "type": "TOTP"}
            for label in ("GitHub - ada", "GitHub - GitHub:ada", "ada")
        ]

        read = andotp.read(json.dumps(entries).encode())

        names = [(account.issuer, account.name) for account in read.accounts]
        assert names == [("GitHub", "ada"), ("GitHub", "ada"), ("", "ada")]

    def test_keeps_the_others_when_one_entry_is_bad(self) -> None:
        entries = plain()
        entries[0]["type"] = "MOTP"

        read = andotp.read(json.dumps(entries).encode())

        assert [row.reason.reason for row in read.refused] == ["type"]
        assert list(read.accounts) == ROWS[1:]


class Refused(unittest.TestCase):
    def test_needs_the_password_and_the_right_one(self) -> None:
        sealed = andotp.write_sealed(ROWS, PASSWORD)

        assert isinstance(refusal_of(sealed), PasswordNeeded)
        assert isinstance(refusal_of(sealed, "others"), WrongPassword)

    def test_refuses_costs_beyond_the_bounds(self) -> None:
        sealed = andotp.write_sealed(ROWS, PASSWORD)

        refusal = refusal_of(b"\x7f\xff\xff\xff" + sealed[4:], PASSWORD)
        assert isinstance(refusal, TooExpensive)
        assert not andotp.recognises(b"\x7f\xff\xff\xff" + sealed[4:])

    def test_refuses_what_is_no_file_of_the_app(self) -> None:
        for data in (b"", b"\x00" * 20, b"[1", b'{"entries": 1}', b'"text"'):
            refusal = refusal_of(data, PASSWORD)
            assert isinstance(refusal, Damaged), data


@needs_outside_samples
class OutsideSamples(unittest.TestCase):
    def test_reads_each_file_of_the_app(self) -> None:
        for folder in ("andotp", "handmade_exports"):
            for name, expected in outside(f"{folder}/expected.json").items():
                if not name.startswith("andotp"):
                    continue
                with self.subTest(name=name):
                    data = (OUTSIDE / folder / name).read_bytes()
                    read = andotp.read(data, password=expected["password"])
                    wanted = [
                        {key: row[key] for key in described(account)}
                        for row, account in zip(expected["entries"], read.accounts, strict=True)
                    ]
                    assert [described(account) for account in read.accounts] == wanted

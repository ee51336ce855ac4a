from __future__ import annotations

import base64
import hashlib
import json
import unittest
import uuid
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core import otp
from vault.formats import aegis
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
    OtpAccount("hotp", b"abcdefghij", name='q"uote', counter=7, note="two\nlines", favourite=True),
    OtpAccount("steam", b"klmnopqrst", issuer="Stéam 🎮", categories=("Work",)),
]
PASSWORD = "pässwörd 🔐"


def independently_opened(file: bytes, password: str) -> dict[str, Any]:
    """The content of a sealed file, by the description of the app and with nothing of ours."""
    outer = json.loads(file)
    (slot,) = outer["header"]["slots"]
    slot_key = hashlib.scrypt(
        password.encode(),
        salt=bytes.fromhex(slot["salt"]),
        n=slot["n"],
        r=slot["r"],
        p=slot["p"],
        dklen=32,
        maxmem=64 * 1024 * 1024,
    )
    params = slot["key_params"]
    master_key = AESGCM(slot_key).decrypt(
        bytes.fromhex(params["nonce"]), bytes.fromhex(slot["key"] + params["tag"]), None
    )
    params = outer["header"]["params"]
    sealed = base64.b64decode(outer["db"], validate=True) + bytes.fromhex(params["tag"])
    content: dict[str, Any] = json.loads(
        AESGCM(master_key).decrypt(bytes.fromhex(params["nonce"]), sealed, None)
    )
    return content


def plain() -> dict[str, Any]:
    written: dict[str, Any] = json.loads(b"".join(aegis.write(ROWS)))
    return written


def refusal_of(outer: Any, password: str | None = None) -> FormatRefusal:
    try:
        aegis.read(json.dumps(outer).encode(), password=password)
    except FormatRefusal as refusal:
        return refusal
    raise AssertionError("nothing was refused")


class Written(unittest.TestCase):
    def test_has_what_the_app_demands(self) -> None:
        outer = plain()

        assert outer["version"] == 1
        assert outer["header"] == {"slots": None, "params": None}
        content = outer["db"]
        assert content["version"] == 3
        entries = content["entries"]
        assert [entry["type"] for entry in entries] == ["totp", "hotp", "steam"]
        assert len({uuid.UUID(entry["uuid"]) for entry in entries}) == 3
        assert {key: type(value) for key, value in entries[1].items()}["issuer"] is str

    def test_names_every_group_that_an_entry_has(self) -> None:
        content = plain()["db"]

        named = {group["uuid"]: group["name"] for group in content["groups"]}
        used = [[named[group] for group in entry["groups"]] for entry in content["entries"]]
        assert used == [["Work", "Home"], [], ["Work"]]

    def test_opens_for_a_reader_written_from_its_description(self) -> None:
        content = independently_opened(aegis.write_sealed(ROWS, PASSWORD), PASSWORD)

        secrets = [entry["info"]["secret"] for entry in content["entries"]]
        assert secrets == [otp.encode_base32(row.secret) for row in ROWS]
        assert content["entries"][1]["note"] == "two\nlines"
        assert content["entries"][1]["info"] == {
            "secret": otp.encode_base32(b"abcdefghij"),
            "algo": "SHA1",
            "digits": 6,
            "counter": 7,
        }

    def test_never_uses_a_key_or_a_nonce_twice(self) -> None:
        first, second = (json.loads(aegis.write_sealed(ROWS, PASSWORD)) for _ in range(2))

        seen = [
            value
            for outer in (first, second)
            for slot in outer["header"]["slots"]
            for value in (
                slot["salt"],
                slot["key_params"]["nonce"],
                outer["header"]["params"]["nonce"],
            )
        ]
        assert len(set(seen)) == len(seen)

    def test_seals_again_under_the_same_key(self) -> None:
        sealing = aegis.make_sealing(PASSWORD)

        written = aegis.write_sealed(ROWS, PASSWORD, sealing=sealing)

        assert list(aegis.read(written, password=PASSWORD).accounts) == ROWS
        assert "key" not in repr(sealing).replace("Sealing", "")


class Refused(unittest.TestCase):
    def test_needs_the_password_and_the_right_one(self) -> None:
        sealed = json.loads(aegis.write_sealed(ROWS, PASSWORD))

        assert isinstance(refusal_of(sealed), PasswordNeeded)
        assert isinstance(refusal_of(sealed, "other"), WrongPassword)

    def test_refuses_costs_beyond_the_bounds(self) -> None:
        sealed = json.loads(aegis.write_sealed(ROWS, PASSWORD))
        sealed["header"]["slots"][0]["n"] = 1 << 30
        assert isinstance(refusal_of(sealed, PASSWORD), TooExpensive)
        sealed["header"]["slots"] *= 9
        assert isinstance(refusal_of(sealed, PASSWORD), TooExpensive)

    def test_refuses_what_is_damaged(self) -> None:
        sealed = json.loads(aegis.write_sealed(ROWS, PASSWORD))
        header = sealed["header"]
        damaged: list[Any] = [
            [],
            {**plain(), "version": 2},
            {**plain(), "header": None},
            {**plain(), "db": {"entries": None}},
            {**sealed, "db": "A" + sealed["db"][1:-4] + "AAA="},
            {**sealed, "db": "?"},
            {**sealed, "header": {**header, "params": None}},
            {**sealed, "header": {**header, "slots": [{"type": 2}]}},
            {**sealed, "header": {**header, "slots": [{**header["slots"][0], "salt": "zz"}]}},
            {**sealed, "header": {**header, "slots": [{**header["slots"][0], "n": "1"}]}},
        ]
        for outer in damaged:
            with self.subTest(outer=str(outer)[:60]):
                assert isinstance(refusal_of(outer, PASSWORD), Damaged)

    def test_keeps_the_others_when_one_entry_is_bad(self) -> None:
        outer = plain()
        entries = outer["db"]["entries"]
        entries[0]["info"]["algo"] = "MD5"
        entries[2]["type"] = "yandex"
        entries.append({"type": "totp", "issuer": "X", "name": "y", "info": {}})

        read = aegis.read(json.dumps(outer).encode())

        assert [row.name for row in read.accounts] == ['q"uote']
        found = [(row.label, row.reason.reason) for row in read.refused]
        assert found == [
            ("GitHub – ada", "algorithm"),
            ("Stéam 🎮", "type"),
            ("X – y", "empty secret"),
        ]

    def test_drops_an_odd_icon_and_keeps_the_entry(self) -> None:
        outer = plain()
        for icon, mime in (("?", "image/png"), ("QUFB", "image/svg+xml"), ("A" * 999_999, None)):
            outer["db"]["entries"][0] |= {"icon": icon, "icon_mime": mime}

            assert aegis.read(json.dumps(outer).encode()).accounts[0].picture == b""


@needs_outside_samples
class OutsideSamples(unittest.TestCase):
    def test_reads_each_file_of_the_app(self) -> None:
        for folder in ("aegis", "handmade_exports"):
            for name, expected in outside(f"{folder}/expected.json").items():
                if not name.startswith("aegis"):
                    continue
                with self.subTest(name=name):
                    data = (OUTSIDE / folder / name).read_bytes()
                    assert aegis.recognises(data)
                    read = aegis.read(data, password=expected["password"])
                    wanted = [
                        {key: row[key] for key in described(account)}
                        for row, account in zip(expected["entries"], read.accounts, strict=True)
                    ]
                    assert [described(account) for account in read.accounts] == wanted
                    groups = [row.get("groups", []) for row in expected["entries"]]
                    assert [list(account.categories) for account in read.accounts] == groups

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest import TestCase
from uuid import UUID

from keyslots import crypto
from notes import envelope, plain
from notes.tests import twin

VECTORS = Path(__file__).resolve().parents[2] / "tests" / "vectors"


def vectors(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((VECTORS / name).read_text("utf-8"))
    return loaded


class VectorTests(TestCase):
    notes = vectors("note-v1.json")
    index = vectors("note-index-v1.json")

    def test_derives_the_keys(self) -> None:
        vault_key = bytes.fromhex(self.notes["vault_key_hex"])
        self.assertEqual(twin.content_key(vault_key).hex(), self.notes["content_key_hex"])
        self.assertEqual(twin.index_key(vault_key).hex(), self.notes["index_key_hex"])

    def test_opens_the_notes(self) -> None:
        vault_key = bytes.fromhex(self.notes["vault_key_hex"])
        for case in self.notes["cases"]:
            with self.subTest(case["name"]):
                sealed = envelope.parse(case["sealed"])
                ids = {"user": UUID(case["user_id"]), "entry": UUID(case["entry_id"])}
                opened = twin.unseal(vault_key, sealed, what=case["what"], **ids)
                self.assertEqual(opened, case["plain"])
                self.assertEqual(plain.parse(opened).as_wire(), case["plain"])
                self.assertEqual(len(sealed.ciphertext), case["padded_bytes"] + 16)
                self.assertEqual(sealed.as_wire(), case["sealed"])

    def test_pads_to_the_lengths(self) -> None:
        for length, padded in self.notes["padded"]:
            self.assertEqual(len(twin.pad(b"x" * length)), padded)
            self.assertIn(padded, envelope.PADDED)

    def test_finds_words_and_terms(self) -> None:
        for case in self.index["words"]:
            self.assertEqual(twin.words_of(case["text"]), case["words"])
        for case in self.index["terms"]:
            self.assertEqual(twin.terms_of(case["plain"]), set(case["terms"]))

    def test_makes_trapdoors_and_codewords(self) -> None:
        index_key = bytes.fromhex(self.index["index_key_hex"])
        for case in self.index["codewords"]:
            door = twin.trapdoor(index_key, case["term"])
            self.assertEqual(crypto.encode_base64url(door), case["trapdoor"])
            made = twin.codeword(door, self.index["entry_id"], self.index["revision"])
            self.assertEqual(made.hex(), case["codeword_hex"])


class EnvelopeTests(TestCase):
    good: dict[str, Any] = vectors("note-v1.json")["cases"][0]["sealed"]

    def refused(self, refusal: type[Exception], **changes: Any) -> None:
        with self.subTest(changes), self.assertRaises(refusal):
            envelope.parse({**self.good, **changes})

    def test_names_another_version_first(self) -> None:
        self.refused(crypto.UnsupportedVersion, v=2, salt=None)

    def test_refuses_another_shape(self) -> None:
        self.refused(crypto.MalformedData, v=True)
        self.refused(crypto.MalformedData, more=1)
        self.refused(crypto.MalformedData, salt=self.good["salt"][:-2])
        self.refused(crypto.MalformedData, nonce=self.good["nonce"] + "AAAA")
        self.refused(crypto.MalformedData, ciphertext=self.good["ciphertext"][4:])
        self.refused(crypto.MalformedData, ciphertext="")
        self.refused(crypto.MalformedData, vault_key_id=self.good["vault_key_id"].upper())
        self.refused(crypto.MalformedData, revision="1")
        self.refused(crypto.ParameterOutOfRange, revision=0)
        self.refused(crypto.ParameterOutOfRange, revision=2**31)
        nothings: tuple[object, ...] = (None, [], "x", {})
        for nothing in nothings:
            with self.assertRaises(crypto.MalformedData):
                envelope.parse(nothing)

    def test_refuses_more_than_64_kib(self) -> None:
        long = crypto.encode_base64url(bytes(2**17 + 16))
        self.refused(crypto.MalformedData, ciphertext=long)

    def test_takes_codewords_in_multiples_of_64(self) -> None:
        words = [bytes([7, at]).rjust(8, b"\0") for at in range(64)]
        posted = crypto.encode_base64url(b"".join(reversed(words)))
        self.assertEqual(envelope.parse_codewords(posted), b"".join(words))
        bad = (b"", b"".join(words[:63]), b"".join(words) + b"x", words[0] * 64)
        for joined in bad:
            with self.subTest(len(joined)), self.assertRaises(crypto.MalformedData):
                envelope.parse_codewords(crypto.encode_base64url(joined))

    def test_bounds_an_index(self) -> None:
        many = b"".join(at.to_bytes(8) for at in range(envelope.MOST_CODEWORDS + 64))
        with self.assertRaises(crypto.ParameterOutOfRange):
            envelope.parse_codewords(crypto.encode_base64url(many))

    def test_takes_trapdoors_of_32_bytes(self) -> None:
        self.assertEqual(envelope.parse_trapdoor("A" * 43), bytes(32))
        for bad in ("A" * 42, "", None):
            with self.assertRaises(crypto.MalformedData):
                envelope.parse_trapdoor(bad)


class PlainTests(TestCase):
    def test_refuses_another_shape(self) -> None:
        good = twin.plain_of("a")
        field = {"name": "a", "value": "b", "kind": "text"}
        bad: tuple[Any, ...] = (
            {**good, "note": 1},
            {**good, "more": 1},
            {**good, "fields": {}},
            {**good, "fields": [{**field, "kind": "file"}]},
            {**good, "fields": [{**field, "value": None}]},
            {**good, "fields": ["a"]},
            {**good, "codes": [{"code": "a"}]},
            {**good, "codes": [{"code": "a", "used_on": "now"}]},
            {**good, "codes": [{"code": "a", "used_on": 7}]},
            {"note": "a"},
            None,
        )
        for posted in bad:
            with self.subTest(posted), self.assertRaises(crypto.MalformedData):
                plain.parse(posted)
        with self.assertRaises(crypto.UnsupportedVersion):
            plain.parse({**good, "v": 2})

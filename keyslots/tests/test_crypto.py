from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any
from unittest import TestCase
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keyslots import crypto, recovery

VECTORS = Path(__file__).resolve().parents[2] / "tests" / "vectors"


def vectors(name: str) -> dict[str, list[dict[str, Any]]]:
    loaded: dict[str, list[dict[str, Any]]] = json.loads((VECTORS / name).read_text("utf-8"))
    return loaded


class PrimitiveTests(TestCase):
    published = vectors("primitives.json")

    def test_hkdf_agrees_with_rfc_5869(self) -> None:
        for vector in self.published["hkdf_sha256"]:
            salt, info = (bytes.fromhex(vector[name]) for name in ("salt_hex", "info_hex"))
            hkdf = HKDF(SHA256(), vector["length"], salt or None, info)
            with self.subTest(vector["source"]):
                okm = hkdf.derive(bytes.fromhex(vector["ikm_hex"]))
                self.assertEqual(okm.hex(), vector["okm_hex"])

    def test_pbkdf2_agrees_with_rfc_7914(self) -> None:
        for vector in self.published["pbkdf2_hmac_sha256"]:
            password, salt = vector["password"].encode(), vector["salt"].encode()
            with self.subTest(vector["source"], iterations=vector["iterations"]):
                key = hashlib.pbkdf2_hmac(
                    "sha256", password, salt, vector["iterations"], vector["length"]
                )
                self.assertEqual(key.hex(), vector["key_hex"])

    def test_aes_gcm_agrees_with_the_published_case(self) -> None:
        for vector in self.published["aes_256_gcm"]:
            names = ("key_hex", "nonce_hex", "plaintext_hex", "aad_hex")
            key, nonce, plain, aad = (bytes.fromhex(vector[name]) for name in names)
            with self.subTest(vector["source"]):
                sealed = AESGCM(key).encrypt(nonce, plain, aad)
                self.assertEqual(sealed.hex(), vector["ciphertext_hex"] + vector["tag_hex"])

    def test_hmac_agrees_with_rfc_4231(self) -> None:
        for vector in self.published["hmac_sha256"]:
            key, message = (bytes.fromhex(vector[name]) for name in ("key_hex", "message_hex"))
            with self.subTest(vector["source"]):
                self.assertEqual(hmac.digest(key, message, "sha256").hex(), vector["tag_hex"])


class Base64UrlTests(TestCase):
    def test_comes_back_at_every_length(self) -> None:
        for length in range(70):
            raw = bytes(range(255, 255 - length, -1))
            text = crypto.encode_base64url(raw)
            self.assertEqual(crypto.decode_base64url(text, length=length), raw)

    def test_uses_the_url_alphabet(self) -> None:
        self.assertEqual(crypto.encode_base64url(b"\xfb\xef\xff"), "--__")

    def test_refuses_what_it_would_not_write(self) -> None:
        texts = ("AA==", "AAA=", "+w", "/w", "A", "AAAAA", "AB", "AAB", " AA", "AA\n", "AÄ", "AA.A")
        for text in (*texts, None, 7, b"AA"):
            with self.subTest(text), self.assertRaises(crypto.MalformedData):
                crypto.decode_base64url(text)

    def test_refuses_another_length(self) -> None:
        with self.assertRaises(crypto.MalformedData):
            crypto.decode_base64url("AAAA", length=4)


class DeriveTests(TestCase):
    vectors = vectors("password-v1.json")

    def test_splits_a_password_as_the_browser_does(self) -> None:
        for vector in self.vectors["cases"]:
            with self.subTest(vector["name"]):
                derived = crypto.derive(
                    vector["password"],
                    crypto.decode_base64url(vector["salt"]),
                    vector["iterations"],
                )
                secret = crypto.encode_base64url(derived.auth_secret)
                self.assertEqual(secret, vector["auth_secret"])
                self.assertEqual(derived.wrap_key.hex(), vector["wrap_key_hex"])

    def test_refuses_unsafe_parameters(self) -> None:
        for vector in self.vectors["refused"]:
            salt = crypto.decode_base64url(vector["salt"])
            refusal = getattr(crypto, vector["error"])
            with self.subTest(vector["name"]), self.assertRaises(refusal):
                crypto.derive(vector["password"], salt, vector["iterations"])

    def test_does_not_take_true_for_a_number(self) -> None:
        with self.assertRaises(crypto.MalformedData):
            crypto.check_iterations(True)

    def test_shows_no_key_in_its_representation(self) -> None:
        self.assertEqual(repr(crypto.Derived(b"secret", b"key")), "Derived()")

    def test_leaves_no_password_in_the_refusal(self) -> None:
        with self.assertRaises(crypto.MalformedData) as caught:
            crypto.derive("half a character \ud83d", bytes(16), crypto.MIN_ITERATIONS)
        self.assertIsNone(caught.exception.__context__)


class ParametersTests(TestCase):
    vectors = vectors("password-v1.json")

    def test_reads_parameters_within_the_bounds(self) -> None:
        for vector in self.vectors["parameters"]:
            with self.subTest(vector["name"]):
                salt, iterations = crypto.parse_parameters(vector["parameters"])
                self.assertEqual(len(salt), crypto.SALT_BYTES)
                self.assertEqual(iterations, vector["parameters"]["iterations"])

    def test_refuses_other_parameters(self) -> None:
        for vector in self.vectors["parameters_refused"]:
            refusal = getattr(crypto, vector["error"])
            with self.subTest(vector["name"]), self.assertRaises(refusal):
                crypto.parse_parameters(vector["parameters"])


class AuthSecretTests(TestCase):
    def test_reads_43_characters(self) -> None:
        self.assertEqual(crypto.parse_auth_secret("A" * 43), bytes(32))

    def test_refuses_anything_else(self) -> None:
        for posted in (
            "correct horse battery staple",
            "A" * 42,
            "A" * 44,
            "A" * 43 + "=",
            "",
            None,
        ):
            with self.subTest(posted), self.assertRaises(crypto.MalformedData):
                crypto.parse_auth_secret(posted)


class SlotTests(TestCase):
    vectors = vectors("keyslot-v1.json")

    def open(self, vector: dict[str, Any]) -> bytes:
        return crypto.unwrap_vault_key(
            crypto.parse_password_slot(vector["slot"]),
            wrap_key=bytes.fromhex(vector["wrap_key_hex"]),
            user_id=UUID(vector["user_id"]),
        )

    def test_opens_what_the_browser_closed(self) -> None:
        for vector in self.vectors["cases"]:
            with self.subTest(vector["name"]):
                self.assertEqual(self.open(vector).hex(), vector["vault_key_hex"])

    def test_binds_the_place_of_the_slot(self) -> None:
        for vector in self.vectors["cases"]:
            slot = crypto.parse_password_slot(vector["slot"])
            aad = crypto.slot_aad(
                user_id=UUID(vector["user_id"]),
                vault_key_id=slot.vault_key_id,
                slot_id=slot.slot_id,
                iterations=slot.iterations,
            )
            self.assertEqual(aad.decode(), vector["aad"])

    def test_refuses_each_bad_slot_by_its_name(self) -> None:
        for vector in self.vectors["refused"]:
            refusal = getattr(crypto, vector["error"])
            with self.subTest(vector["name"]), self.assertRaises(refusal):
                self.open(vector)

    def test_refuses_what_is_no_object(self) -> None:
        for posted in (None, ["v"], "slot", 1):
            with self.subTest(posted), self.assertRaises(crypto.MalformedData):
                crypto.parse_password_slot(posted)

    def test_writes_what_it_reads(self) -> None:
        wire = self.vectors["cases"][0]["slot"]
        self.assertEqual(crypto.parse_password_slot(wire).as_wire(), wire)

    def test_shows_no_sealed_bytes_in_its_representation(self) -> None:
        slot = crypto.parse_password_slot(self.vectors["cases"][0]["slot"])
        self.assertNotIn("ciphertext", repr(slot))


class KindTests(TestCase):
    vectors = vectors("keyslot-kinds-v1.json")

    def wrap_key_of(self, vector: dict[str, Any]) -> bytes:
        match vector["kind"]:
            case "passkey":
                return crypto.derive_wrap_key_from_prf(bytes.fromhex(vector["prf_hex"]))
            case "recovery":
                return recovery.derive_wrap_key(bytes.fromhex(vector["recovery_key_hex"]))
            case _:
                return crypto.derive_older_wrap_key(bytes.fromhex(vector["newer_vault_key_hex"]))

    def test_opens_every_kind(self) -> None:
        for vector in self.vectors["cases"]:
            wrap_key = self.wrap_key_of(vector)
            slot = crypto.parse_slot(vector["slot"])
            opened = crypto.unwrap_vault_key(
                slot, wrap_key=wrap_key, user_id=UUID(vector["user_id"])
            )
            with self.subTest(vector["name"]):
                self.assertEqual(wrap_key.hex(), vector["wrap_key_hex"])
                self.assertEqual(opened.hex(), vector["vault_key_hex"])
                self.assertEqual(slot.as_wire(), vector["slot"])

    def test_refuses_each_bad_slot_by_its_name(self) -> None:
        for vector in self.vectors["refused"]:
            refusal = getattr(crypto, vector["error"])
            with self.subTest(vector["name"]), self.assertRaises(refusal):
                crypto.unwrap_vault_key(
                    crypto.parse_slot(vector["slot"]),
                    wrap_key=bytes.fromhex(vector["wrap_key_hex"]),
                    user_id=UUID(vector["user_id"]),
                )

    def test_closes_what_it_opens(self) -> None:
        names = {"user_id": UUID(int=1), "vault_key_id": UUID(int=2), "slot_id": UUID(int=3)}
        newer: dict[str, UUID | None] = {"passkey": None, "recovery": None, "older": UUID(int=4)}
        for kind, newer_key_id in newer.items():
            slot = crypto.wrap_for(
                kind, b"k" * 32, wrap_key=bytes(32), newer_key_id=newer_key_id, **names
            )
            read = crypto.parse_slot(json.loads(json.dumps(slot.as_wire())))
            opened = crypto.unwrap_vault_key(read, wrap_key=bytes(32), user_id=UUID(int=1))
            self.assertEqual(opened, b"k" * 32)

    def test_refuses_to_close_what_no_browser_would(self) -> None:
        names = {"user_id": UUID(int=1), "vault_key_id": UUID(int=2), "slot_id": UUID(int=3)}
        for kind, newer in (("password", None), ("older", None), ("passkey", UUID(int=4))):
            with self.subTest(kind), self.assertRaises(crypto.MalformedData):
                crypto.wrap_for(kind, bytes(32), wrap_key=bytes(32), newer_key_id=newer, **names)

    def test_reads_password_slots_as_well(self) -> None:
        wire = vectors("keyslot-v1.json")["cases"][0]["slot"]
        self.assertEqual(crypto.parse_slot(wire), crypto.parse_password_slot(wire))


class RecoveryKeyTests(TestCase):
    vectors = vectors("keyslot-recovery-v1.json")

    def test_writes_and_reads_the_key(self) -> None:
        for vector in self.vectors["cases"]:
            key = bytes.fromhex(vector["key_hex"])
            with self.subTest(vector["name"]):
                self.assertEqual(recovery.write(key), vector["text"])
                self.assertEqual(recovery.read(vector["text"]), key)
                proof = crypto.encode_base64url(recovery.derive_proof(key))
                self.assertEqual(proof, vector["proof"])
                self.assertEqual(recovery.derive_wrap_key(key).hex(), vector["wrap_key_hex"])

    def test_forgives_how_people_copy(self) -> None:
        for vector in self.vectors["forgiven"]:
            with self.subTest(vector["name"]):
                self.assertEqual(recovery.read(vector["text"]).hex(), vector["key_hex"])

    def test_refuses_each_slip_by_its_name(self) -> None:
        for vector in self.vectors["refused"]:
            is_slip = vector["error"] == "MistypedKey"
            refusal = recovery.MistypedKey if is_slip else crypto.MalformedData
            with self.subTest(vector["name"]), self.assertRaises(refusal) as caught:
                recovery.read(vector["text"])
            self.assertEqual(isinstance(caught.exception, recovery.MistypedKey), is_slip)


class WrapTests(TestCase):
    def wrap(self, vault_key: bytes = bytes(32), **changes: Any) -> crypto.PasswordSlot:
        arguments: dict[str, Any] = {
            "wrap_key": bytes(32),
            "user_id": UUID(int=1),
            "vault_key_id": UUID(int=2),
            "slot_id": UUID(int=3),
            "iterations": 600_000,
            "salt": bytes(16),
        }
        return crypto.wrap_vault_key(vault_key, **(arguments | changes))

    def test_comes_back_through_the_wire_form(self) -> None:
        posted = json.loads(json.dumps(self.wrap(b"k" * 32).as_wire()))
        slot = crypto.parse_password_slot(posted)
        opened = crypto.unwrap_vault_key(slot, wrap_key=bytes(32), user_id=UUID(int=1))
        self.assertEqual(opened, b"k" * 32)

    def test_takes_a_new_nonce_each_time(self) -> None:
        self.assertNotEqual(self.wrap().nonce, self.wrap().nonce)

    def test_refuses_other_lengths(self) -> None:
        for change in ({"vault_key": bytes(16)}, {"wrap_key": bytes(16)}, {"salt": bytes(15)}):
            with self.subTest(change), self.assertRaises(crypto.MalformedData):
                self.wrap(**change)

    def test_refuses_unsafe_iterations(self) -> None:
        with self.assertRaises(crypto.ParameterOutOfRange):
            self.wrap(iterations=599_999)

from __future__ import annotations

import random
from uuid import uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase, override_settings

from core import keyring, sealing

ONE = "k1:" + "A" * 43
TWO = "k2:" + "B" * 42 + "A"


class SealingTests(SimpleTestCase):
    def test_opens_what_it_sealed(self) -> None:
        owner = uuid4()

        token = sealing.seal("totp-secret", owner, "row|field", b"secret \x00 bytes")

        assert token.startswith("k1:")
        assert sealing.unseal("totp-secret", owner, "row|field", token) == b"secret \x00 bytes"

    def test_seals_the_same_bytes_differently_each_time(self) -> None:
        tokens = {sealing.seal("purpose", "", "place", b"same") for _ in range(20)}

        assert len(tokens) == 20

    def test_refuses_another_place(self) -> None:
        token = sealing.seal("purpose", "owner", "row 1|field", b"x")

        with pytest.raises(sealing.WrongPlace):
            sealing.unseal("purpose", "owner", "row 2|field", token)

    def test_refuses_another_owner_and_another_purpose(self) -> None:
        token = sealing.seal("purpose", "owner", "place", b"x")

        for purpose, owner in (("purpose", "other"), ("other", "owner"), ("purpos", "eowner")):
            with pytest.raises(sealing.DamagedToken):
                sealing.unseal(purpose, owner, "place", token)

    def test_refuses_every_changed_text(self) -> None:
        token = sealing.seal("purpose", "owner", "place", b"some secret")
        chance = random.Random(7)

        for _ in range(3000):
            changed = mutate(token, chance)
            with pytest.raises(sealing.SealingError):
                sealing.unseal("purpose", "owner", "place", changed)

    @override_settings(MASTER_KEY=f"{TWO}\n{ONE}")
    def test_seals_under_the_first_key_and_opens_with_all(self) -> None:
        with override_settings(MASTER_KEY=ONE):
            old = sealing.seal("purpose", "", "place", b"old")

        assert sealing.seal("purpose", "", "place", b"new").startswith("k2:")
        assert sealing.unseal("purpose", "", "place", old) == b"old"

    def test_names_the_key_that_is_missing(self) -> None:
        with override_settings(MASTER_KEY=TWO):
            token = sealing.seal("purpose", "", "place", b"x")

        with pytest.raises(sealing.UnknownKey) as refusal:
            sealing.unseal("purpose", "", "place", token)
        assert refusal.value.key_id == "k2"
        assert "k2" in str(refusal.value)


class KeyringTests(SimpleTestCase):
    def test_reads_one_key_a_line(self) -> None:
        ring = keyring.parse(f"{TWO}\n{ONE}\n")

        assert ring.current == "k2"
        assert set(ring.keys) == {"k1", "k2"}
        assert all(len(key) == 32 for key in ring.keys.values())

    def test_never_shows_a_key(self) -> None:
        assert "AAAA" not in repr(keyring.parse(ONE))

    def test_refuses_what_is_not_a_key(self) -> None:
        for text in ("", "k1", "k1:short", f"{ONE}\n{ONE}", "A" * 43, f"{ONE} {TWO}x"):
            with pytest.raises(ImproperlyConfigured):
                keyring.parse(text)


def mutate(token: str, chance: random.Random) -> str:
    """Insert, drop, replace or append somewhere; never the same text again."""
    spot = chance.randrange(3, len(token))
    letters = "ABCabc019-_=\n .~é"
    kinds = [
        token[:spot] + chance.choice(letters) + token[spot:],
        token[:spot] + token[spot + 1 :],
        token[:spot] + chance.choice(letters) + token[spot + 1 :],
        token + chance.choice(letters),
    ]
    return chance.choice([kind for kind in kinds if kind != token])

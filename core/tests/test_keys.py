from __future__ import annotations

from io import StringIO

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.test import override_settings

from accounts.models import User
from core import keycheck, keyring, lasting, rotation, sealing
from core.models import KeyCheck, LastingKey
from tests import base

NEW = "k2:" + "B" * 42 + "A"
OLD = "k1:" + "A" * 43
OTHER = "k1:" + "C" * 42 + "A"


class KeyCheckTests(base.TestCase):
    def test_is_content_with_the_right_key(self) -> None:
        keycheck.verify()

    @override_settings(MASTER_KEY=OTHER)
    def test_refuses_another_key_of_the_same_name(self) -> None:
        with pytest.raises(ImproperlyConfigured, match="“k1” is not the one"):
            keycheck.verify()

    @override_settings(MASTER_KEY=OTHER)
    def test_stops_a_migration_under_another_key(self) -> None:
        with pytest.raises(ImproperlyConfigured, match="“k1” is not the one"):
            call_command("migrate", verbosity=0)

    @override_settings(MASTER_KEY=NEW)
    def test_says_which_key_is_missing(self) -> None:
        with pytest.raises(ImproperlyConfigured, match="“k1”, which MASTER_KEY does not hold"):
            keycheck.verify()


class LastingKeyTests(base.TestCase):
    def test_is_made_once(self) -> None:
        before = lasting.key("prelogin")

        lasting.make_missing()

        assert lasting.key("prelogin") == before
        assert len(before) == 32

    def test_says_what_to_do_when_one_is_missing(self) -> None:
        lasting.forget()
        LastingKey.objects.all().delete()

        with pytest.raises(lasting.LastingKeyMissing, match=r"manage\.py migrate"):
            lasting.key("prelogin")
        lasting.forget()


class RotationTests(base.TestCase):
    def rotate(self, **options: str) -> str:
        out = StringIO()
        call_command("rotate_keys", stdout=out, **options)
        return out.getvalue()

    @override_settings(MASTER_KEY=f"{NEW}\n{OLD}")
    def test_seals_everything_under_the_new_key(self) -> None:
        before = lasting.key("audit-chain")

        text = self.rotate()

        assert set(rotation.count_by_key()) == {"k2"}
        assert "accounts.User.password: 3 sealed anew" in text
        lasting.forget()
        assert lasting.key("audit-chain") == before

    @override_settings(MASTER_KEY=f"{NEW}\n{OLD}")
    def test_signs_nobody_out_and_keeps_passwords(self) -> None:
        self.sign_in_as("alice")

        self.rotate()

        assert self.client.get("/settings/").status_code == 200
        assert User.objects.get(pk=self.alice.pk).check_auth_secret(base.auth_secret_of("alice"))

    @override_settings(MASTER_KEY=f"{NEW}\n{OLD}")
    def test_goes_on_where_it_was_interrupted(self) -> None:
        user = User.objects.get(pk=self.alice.pk)
        sealing.seal_field(user, "password", sealing.open_field(user, "password"))
        user.save(update_fields=["password"])

        assert "accounts.User.password: 2 sealed anew" in self.rotate()
        assert "accounts.User.password: 0 sealed anew" in self.rotate()

    @override_settings(MASTER_KEY=f"{NEW}\n{OLD}")
    def test_retires_a_key_nothing_is_sealed_under(self) -> None:
        assert "k1 is retired" in self.rotate(retire="k1")

        assert list(KeyCheck.objects.values_list("key_id", flat=True)) == ["k2"]
        with override_settings(MASTER_KEY=NEW):
            keycheck.verify()

    def test_does_not_retire_a_key_in_use(self) -> None:
        with pytest.raises(CommandError, match="values are sealed under k1"):
            self.rotate(retire=keyring.ring().current)

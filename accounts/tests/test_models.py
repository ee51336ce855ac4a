from __future__ import annotations

from io import StringIO
from unittest import mock

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import identify_hasher
from django.core.management import call_command
from django.db import connection
from django.test import RequestFactory, override_settings

from accounts.hashers import AuthSecretHasher
from accounts.models import User
from audit.models import AuditEvent
from core.sealing import DamagedToken
from keyslots import services as keyslots
from tests import base


class ConsolePasswordTests(base.TestCase):
    """Django's own entry points keep their meaning: they split the password in Python."""

    def test_createsuperuser_makes_an_operator_without_a_slot(self) -> None:
        call_command("createsuperuser", email="Olga@example.com", interactive=False)
        user = User.objects.get(email="olga@example.com")
        assert (user.is_staff, user.has_usable_password()) == (True, False)

        user.set_password("correct horse battery")
        user.save()

        assert user.check_password("correct horse battery")
        assert not user.check_password("wrong")
        asked = {"username": "OLGA@example.com", "password": "correct horse battery"}
        assert authenticate(RequestFactory().get("/"), **asked) == user
        assert not keyslots.opens_with(user.id, salt=user.salt)

    def test_changepassword_leaves_the_traces_of_a_change(self) -> None:
        # The console is the edge of the house: somebody types there.
        with mock.patch("getpass.getpass", return_value="a long enough phrase"):
            call_command("changepassword", "ALICE@example.com", stdout=StringIO())

        user = User.objects.get(pk=self.alice.pk)
        assert user.check_password("a long enough phrase")
        assert AuditEvent.objects.filter(event="account.password_changed", user=user.pk).exists()
        assert user.notifications.filter(kind="password_changed").exists()

    def test_set_password_ends_the_sessions(self) -> None:
        self.sign_in_as("alice")
        user = User.objects.get(pk=self.alice.pk)

        user.set_password("another long password")
        user.save()

        assert self.client.get("/settings/").status_code == 302


class StoredSecretTests(base.TestCase):
    def column(self) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT password FROM accounts_user")
            return str(cursor.fetchone()[0])

    def test_is_sealed(self) -> None:
        assert self.column().startswith("k1:")

    @override_settings(PASSWORD_HASHERS=["accounts.hashers.AuthSecretHasher"])
    def test_is_argon2id_inside_and_fits_the_column(self) -> None:
        user = base.make_user("dora")

        hasher = identify_hasher(user._auth_hash)
        assert isinstance(hasher, AuthSecretHasher)
        assert (hasher.memory_cost, hasher.time_cost, hasher.parallelism) == (19_456, 2, 1)
        assert "$argon2id$" in user._auth_hash
        assert len(user.password) <= 512
        assert user.check_auth_secret(base.auth_secret_of("dora"))
        assert not user.check_auth_secret(base.auth_secret_of("eve"))

    def test_opens_for_its_own_user_only(self) -> None:
        bob = User.objects.get(pk=self.bob.pk)
        bob.password = self.alice.password

        with pytest.raises(DamagedToken):
            bob.check_auth_secret(base.auth_secret_of("alice"))

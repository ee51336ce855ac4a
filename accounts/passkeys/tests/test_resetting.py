from __future__ import annotations

from typing import Any

from django.test import Client

from accounts.models import User
from accounts.passkeys.tests.soft_authenticator import SoftAuthenticator
from accounts.passkeys.tests.test_passkeys import enrol, post, use
from accounts.reset.tests.test_reset import form, issue, open_link
from tests import base


class PasskeyAtResetTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")
        self.authenticator = enrol(self.client)
        self.client = Client()
        open_link(self.client, issue(self.alice))

    def show(self, authenticator: SoftAuthenticator) -> Any:
        return use(self.client, authenticator, "/reset/passkey/")

    def has_new_password(self) -> bool:
        return User.objects.get(pk=self.alice.pk).check_auth_secret(base.auth_secret_of("new"))

    def test_opens_the_way_to_a_new_password(self) -> None:
        assert self.client.get("/reset/password/").headers["Location"] == "/reset/passkey/"
        assert self.client.get("/reset/passkey/").status_code == 200
        self.client.post("/reset/password/", form(self.alice))
        assert not self.has_new_password()

        assert self.show(self.authenticator).json() == {"next": "/reset/password/"}

        self.client.post("/reset/password/", form(self.alice))
        assert self.has_new_password()

    def test_takes_no_passkey_of_somebody_else(self) -> None:
        theirs = enrol(self.sign_in_as("bob", Client()))

        assert self.show(theirs).status_code == 400
        assert self.client.get("/reset/password/").headers["Location"] == "/reset/passkey/"

    def test_needs_a_link(self) -> None:
        assert Client().get("/reset/passkey/").status_code == 302
        assert post(Client(), "/reset/passkey/options/").status_code == 400
        assert post(Client(), "/reset/passkey/answer/").status_code == 400

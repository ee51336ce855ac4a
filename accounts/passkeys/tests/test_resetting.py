from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.passkeys import services as passkeys
from accounts.passkeys.tests.soft_authenticator import SoftAuthenticator
from accounts.passkeys.tests.test_passkeys import enrol, post, use
from accounts.reset.tests.links import form, issue, open_link
from accounts.totp.tests.test_totp import code
from accounts.totp.tests.test_totp import enrol as enrol_app
from audit.models import AuditEvent
from keyslots import crypto
from keyslots import services as keyslots
from keyslots.models import KeySlot
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

    def keep_slot(self) -> UUID:
        """The passkey opens the notes; the answer is the vault key's id."""
        current = keyslots.current_vault_key(self.alice.id)
        assert current is not None
        slot = crypto.wrap_for(
            "passkey",
            b"v" * 32,
            wrap_key=b"p" * 32,
            user_id=self.alice.id,
            vault_key_id=current.id,
            slot_id=uuid4(),
        )
        row = self.alice.passkeys.get()
        passkeys.add_slot(self.alice, row.pk, slot, at=timezone.now())
        return current.id

    def same_key(self, key_id: UUID) -> dict[str, str]:
        slot = base.slot_for("new", self.alice.id, vault_key_id=key_id)
        return form(self.alice, password_slot=base.posted_slot(slot))

    def test_keeps_the_notes_open_with_a_passkey_that_opens_them(self) -> None:
        key_id = self.keep_slot()
        self.show(self.authenticator)
        self.assertContains(self.client.get("/reset/password/"), "passkey-slots")

        self.client.post("/reset/password/", self.same_key(key_id))

        assert self.has_new_password()
        kinds = KeySlot.objects.filter(user=self.alice).values_list("kind", flat=True)
        assert sorted(kinds) == ["passkey", "password"]
        assert keyslots.current_vault_key(self.alice.id).id == key_id  # type: ignore[union-attr]
        event = AuditEvent.objects.get(event="account.password_reset")
        assert event.facts["notes"] == "passkey"

    def test_keeps_no_slot_without_a_passkey_that_opens_it(self) -> None:
        key_id = keyslots.current_vault_key(self.alice.id).id  # type: ignore[union-attr]
        self.show(self.authenticator)

        response = self.client.post("/reset/password/", self.same_key(key_id))

        self.assertContains(response, "does not open your notes", status_code=422)
        assert not self.has_new_password()

    def test_takes_no_other_factor_for_the_passkey(self) -> None:
        key_id = self.keep_slot()
        enrol_app(self.alice)
        self.client.post("/reset/code/", {"code": code(timezone.now())})

        response = self.client.post("/reset/password/", self.same_key(key_id))

        assert response.status_code == 422
        assert not self.has_new_password()

    def test_takes_no_passkey_of_somebody_else(self) -> None:
        theirs = enrol(self.sign_in_as("bob", Client()))

        assert self.show(theirs).status_code == 400
        assert self.client.get("/reset/password/").headers["Location"] == "/reset/passkey/"

    def test_needs_a_link(self) -> None:
        assert Client().get("/reset/passkey/").status_code == 302
        assert post(Client(), "/reset/passkey/options/").status_code == 400
        assert post(Client(), "/reset/passkey/answer/").status_code == 400

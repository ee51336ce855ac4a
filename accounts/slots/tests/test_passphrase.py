from __future__ import annotations

from accounts.models import User
from keyslots import services as keyslots
from tests import base

PATH = "/settings/security/keys/passphrase/"


class PassphraseTests(base.TestCase):
    """For somebody whom an identity provider signs in: there is no password to open notes with."""

    def setUp(self) -> None:
        super().setUp()
        self.user = base.make_user("dora", with_slot=False)
        self.sign_in_as("dora")
        # As after linking and giving the password up; the session stays.
        User.objects.filter(pk=self.user.pk).update(kdf_salt="")
        user = User.objects.get(pk=self.user.pk)
        user.set_unusable_password()
        User.objects.filter(pk=user.pk).update(password=user.password)

    def test_is_offered_where_there_is_no_key(self) -> None:
        self.assertContains(self.client.get("/settings/security/keys/"), PATH)
        assert self.client.get(PATH).status_code == 200

    def test_starts_a_vault_key_and_signs_nobody_in(self) -> None:
        slot = base.slot_for("dora", self.user.id)

        response = self.client.post(PATH, {"password_slot": base.posted_slot(slot)})

        assert response.headers["Location"] == "/settings/security/keys/"
        assert keyslots.password_slot(self.user.id) == slot
        assert not User.objects.get(pk=self.user.pk).has_usable_password()
        self.assertContains(self.client.get("/settings/security/keys/"), "Notes passphrase")

    def test_is_changed_with_the_same_vault_key(self) -> None:
        first = base.slot_for("dora", self.user.id)
        self.client.post(PATH, {"password_slot": base.posted_slot(first)})
        self.assertContains(self.client.get(PATH), "Choose a new notes passphrase")
        other_key = base.slot_for("later", self.user.id)
        posted = {"password_slot": base.posted_slot(other_key)}
        assert self.client.post(PATH, posted).status_code == 422

        later = base.slot_for("later", self.user.id, vault_key_id=first.vault_key_id)
        response = self.client.post(PATH, {"password_slot": base.posted_slot(later)})

        assert response.status_code == 302
        assert keyslots.password_slot(self.user.id) == later
        assert keyslots.current_vault_key(self.user.id).id == first.vault_key_id  # type: ignore[union-attr]

    def test_refuses_what_is_no_slot(self) -> None:
        for nonsense in ("", "[]", "{}", "passphrase"):
            assert self.client.post(PATH, {"password_slot": nonsense}).status_code == 422
        assert keyslots.password_slot(self.user.id) is None


class PasswordOwnerTests(base.TestCase):
    def test_has_no_use_for_a_passphrase(self) -> None:
        self.sign_in_as("alice")

        assert self.client.get(PATH).headers["Location"] == "/settings/security/keys/"

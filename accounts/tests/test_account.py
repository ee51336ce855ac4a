from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from axes.models import AccessAttempt
from django.core import mail
from django.test import Client, override_settings
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEvent, Tombstone
from keyslots import services as keyslots
from keyslots.models import KeySlot
from sessions_lock.models import SessionActivity
from tests import base


def age_the_proof(client: Client, minutes: int = 6) -> None:
    session = client.session
    session["proven_at"] -= timedelta(minutes=minutes).total_seconds()
    session.save()


class ConfirmTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")
        age_the_proof(self.client)

    def confirm(self, name: str = "alice", **extra: str) -> Any:
        return self.client.post("/confirm/", {"auth_secret": base.posted_secret(name), **extra})

    def test_is_asked_when_the_proof_is_old(self) -> None:
        response = self.client.get("/settings/delete/")

        assert response.headers["Location"] == "/confirm/?next=%2Fsettings%2Fdelete%2F"

    def test_leads_back_and_holds_for_five_minutes(self) -> None:
        assert self.confirm(next="/settings/delete/").headers["Location"] == "/settings/delete/"

        assert self.client.get("/settings/delete/").status_code == 200
        age_the_proof(self.client, minutes=5)
        assert self.client.get("/settings/delete/").status_code == 302

    def test_does_not_believe_a_proof_from_the_future(self) -> None:
        age_the_proof(self.client, minutes=-60)

        assert self.client.get("/settings/delete/").status_code == 302

    def test_starts_a_new_session_key(self) -> None:
        before = self.client.cookies["session"].value

        self.confirm()

        assert self.client.cookies["session"].value != before
        late = Client()
        late.cookies["session"] = before
        assert late.get("/settings/").status_code == 302

    def test_takes_the_password_of_the_session_and_no_other(self) -> None:
        response = self.confirm("bob", email="bob@example.com")

        self.assertContains(response, "not your password", status_code=422)
        assert self.client.get("/settings/delete/").status_code == 302

    def test_is_recorded_either_way(self) -> None:
        self.confirm("bob")
        self.confirm()

        recorded = AuditEvent.objects.filter(event__startswith="confirm.", user=self.alice.id)
        names = recorded.order_by("id").values_list("event", flat=True)
        assert list(names) == ["confirm.refused", "confirm.passed"]

    def test_locks_out_who_guesses(self) -> None:
        for _ in range(10):
            self.confirm("bob")

        self.assertContains(self.confirm(), "Wait 15 minutes", status_code=422)


class PasswordTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")

    def form(self, **changes: str) -> dict[str, str]:
        old = keyslots.password_slot(self.alice.id)
        assert old is not None
        slot = base.slot_for("new", self.alice.id, vault_key_id=old.vault_key_id)
        return {
            "auth_secret": base.posted_secret("alice"),
            "new_auth_secret": base.posted_secret("new"),
            "password_slot": base.posted_slot(slot),
            **changes,
        }

    def change(self, **changes: str) -> Any:
        return self.client.post("/settings/security/password/", self.form(**changes))

    def test_replaces_secret_and_slot_together(self) -> None:
        assert self.change().status_code == 302

        user = User.objects.get(pk=self.alice.pk)
        assert user.check_auth_secret(base.auth_secret_of("new"))
        assert keyslots.opens_with(user.id, salt=base.salt_of("new"))
        assert KeySlot.objects.filter(user=user).count() == 1

    def test_keeps_this_session_and_ends_the_others(self) -> None:
        other = self.sign_in_as("alice", Client())

        self.change()

        assert self.client.get("/settings/").status_code == 200
        assert other.get("/settings/").status_code == 302
        ended = SessionActivity.objects.filter(ended_reason="credentials changed")
        assert ended.count() == 1

    def test_changes_nothing_when_the_old_password_is_wrong(self) -> None:
        response = self.change(auth_secret=base.posted_secret("bob"))

        self.assertContains(response, "Nothing was changed", status_code=422)
        self.assert_unchanged()

    def test_changes_nothing_when_the_slot_wraps_another_vault_key(self) -> None:
        foreign = base.slot_for("new", self.alice.id, vault_key_id=uuid4())

        response = self.change(password_slot=base.posted_slot(foreign))

        assert response.status_code == 422
        self.assert_unchanged()

    def test_changes_nothing_when_a_part_is_missing(self) -> None:
        for field in ("auth_secret", "new_auth_secret", "password_slot"):
            assert self.change(**{field: ""}).status_code == 422
        self.assert_unchanged()

    def test_starts_a_vault_key_when_the_slot_is_of_a_former_password(self) -> None:
        user = User.objects.get(pk=self.alice.pk)
        user.set_auth_secret(
            base.auth_secret_of("console"), salt=base.salt_of("console"), iterations=base.ITERATIONS
        )
        user.save()
        base.sign_in(self.client, "alice", auth_secret=base.posted_secret("console"))
        fresh = base.posted_slot(base.slot_for("new", user.id))

        response = self.change(auth_secret=base.posted_secret("console"), password_slot=fresh)

        assert response.status_code == 302
        kinds = KeySlot.objects.filter(user=user).values_list("kind", flat=True)
        assert sorted(kinds) == ["former-password", "password"]

    def test_tells_the_owner(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            self.change()

        assert "alice@example.com" in [to for message in mail.outbox for to in message.to]
        assert self.alice.notifications.filter(kind="password_changed").exists()

    def assert_unchanged(self) -> None:
        user = User.objects.get(pk=self.alice.pk)
        assert user.check_auth_secret(base.auth_secret_of("alice"))
        assert keyslots.opens_with(user.id, salt=base.salt_of("alice"))


class VaultKeyTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.dora = base.make_user("dora", with_slot=False)
        self.sign_in_as("dora")

    def test_keeps_the_slot_that_the_browser_made(self) -> None:
        slot = base.slot_for("dora", self.dora.id)

        self.client.post("/settings/security/vault-key/", {"password_slot": base.posted_slot(slot)})

        assert keyslots.opens_with(self.dora.id, salt=self.dora.salt)
        assert self.client.get("/settings/security/vault-key/").headers["Location"] == "/"

    def test_refuses_a_slot_of_another_password(self) -> None:
        slot = base.slot_for("other", self.dora.id)

        self.client.post("/settings/security/vault-key/", {"password_slot": base.posted_slot(slot)})

        assert keyslots.password_slot(self.dora.id) is None

    def test_keeps_the_slot_of_a_former_password(self) -> None:
        user = User.objects.get(pk=self.alice.pk)
        user.set_auth_secret(b"n" * 32, salt=base.salt_of("new"), iterations=base.ITERATIONS)
        user.save()
        slot = base.slot_for("new", user.id)

        keyslots.start_vault_key(user.id, slot, at=timezone.now())

        kinds = KeySlot.objects.filter(user=user).values_list("kind", flat=True)
        assert set(kinds) == {"password", "former-password"}


class ProfileTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")

    def save(self, email: str, name: str = "Alice") -> Any:
        return self.client.post("/settings/", {"email": email, "display_name": name})

    def test_changes_the_name_without_further_questions(self) -> None:
        age_the_proof(self.client)

        self.save("alice@example.com", "Alice Liddell")

        assert User.objects.get(pk=self.alice.pk).display_name == "Alice Liddell"

    def test_asks_before_the_address_changes(self) -> None:
        age_the_proof(self.client)

        assert self.save("new@example.com").headers["Location"].startswith("/confirm/")
        assert User.objects.get(pk=self.alice.pk).email == "alice@example.com"

    @override_settings(MAIL_IS_CONFIGURED=False)
    def test_changes_the_address_at_once_where_no_mail_is_sent(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            self.save("New@example.com")

        assert User.objects.get(pk=self.alice.pk).email == "new@example.com"
        assert ["alice@example.com"] in [message.to for message in mail.outbox]

    def test_does_not_change_the_address_before_it_is_confirmed(self) -> None:
        self.save("new@example.com", "Alice Liddell")

        alice = User.objects.get(pk=self.alice.pk)
        assert (alice.email, alice.display_name) == ("alice@example.com", "Alice Liddell")

    @override_settings(MAIL_IS_CONFIGURED=False)
    def test_refuses_an_address_in_use(self) -> None:
        self.assertContains(self.save("BOB@example.com"), "cannot be used", status_code=422)

    def test_refuses_what_is_no_address(self) -> None:
        self.assertContains(self.save("nonsense"), "name@example.com", status_code=422)


class DeletionTests(base.TestCase):
    def delete(self, name: str, typed: str) -> Any:
        self.sign_in_as(name)
        return self.client.post("/settings/delete/", {"email": typed})

    def test_deletes_the_account_and_keeps_a_pseudonym(self) -> None:
        user_id = self.alice.id
        response = self.delete("alice", "Alice@example.com")

        assert '"storage"' in response.headers["Clear-Site-Data"]
        assert not User.objects.filter(pk=user_id).exists()
        assert not AuditEvent.objects.filter(user=user_id).exists()
        deletion = AuditEvent.objects.get(event="account.deleted")
        assert deletion.pseudonym.startswith("deleted user")
        assert Tombstone.objects.filter(object_id=str(user_id)).exists()
        assert self.client.get("/settings/").status_code == 302

    def test_wants_the_address_typed(self) -> None:
        self.assertContains(self.delete("alice", "x@example.com"), "not the", status_code=422)

        assert User.objects.filter(pk=self.alice.pk).exists()

    def test_keeps_the_only_operator(self) -> None:
        response = self.delete("charlie", "charlie@example.com")

        self.assertContains(response, "only operator", status_code=422)

    def test_lets_the_last_person_go(self) -> None:
        User.objects.exclude(pk=self.charlie.pk).delete()

        assert self.delete("charlie", "charlie@example.com").status_code == 302

    def test_forgets_the_address_elsewhere_too(self) -> None:
        base.sign_in(Client(), "alice", auth_secret=base.posted_secret("bob"))
        assert AccessAttempt.objects.filter(username="alice@example.com").exists()

        self.delete("alice", "alice@example.com")

        assert not AccessAttempt.objects.filter(username="alice@example.com").exists()
        words = str(list(AuditEvent.objects.values_list("details", flat=True)))
        assert "alice@example.com" not in words


class AdministrationTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("charlie")
        self.path = f"/admin/accounts/user/{self.bob.pk}/change/"

    def test_asks_before_it_writes(self) -> None:
        age_the_proof(self.client, minutes=11)

        response = self.client.post(self.path, {"is_active": "on", "role": "operator"})

        assert response.headers["Location"].startswith("/confirm/?next=%2Fadmin%2F")
        assert not User.objects.get(pk=self.bob.pk).is_staff
        assert self.client.get(self.path).status_code == 200

    def test_makes_an_operator_of_somebody_and_records_it(self) -> None:
        self.client.post(self.path, {"is_active": "on", "role": "operator"})

        bob = User.objects.get(pk=self.bob.pk)
        assert (bob.is_staff, bob.is_superuser) == (True, True)
        assert AuditEvent.objects.filter(event="admin.changed", user=self.charlie.id).exists()

    def test_shows_no_secret(self) -> None:
        page = self.client.get(self.path).content.decode()

        assert self.bob.kdf_salt not in page
        assert "k1:" not in page

    def test_withdraws_links(self) -> None:
        self.client.post("/invitations/", {"email": "dora@example.com"})
        token = self.charlie.invitations.get()

        self.client.post(
            "/admin/accounts/signuptoken/",
            {"action": "withdraw", "_selected_action": str(token.pk)},
        )

        token.refresh_from_db()
        assert token.withdrawn_at is not None


class InvitationsPageTests(base.TestCase):
    def test_is_for_operators(self) -> None:
        self.sign_in_as("alice")

        assert self.client.get("/invitations/").status_code == 403
        assert self.client.post("/invitations/", {"email": "x@y.zz"}).status_code == 403

    def test_shows_the_link_in_one_answer(self) -> None:
        self.sign_in_as("charlie")

        page = self.client.post("/invitations/", {"email": "dora@example.com"})

        self.assertContains(page, "http://localhost:8000/sign-up/#")
        again = self.client.get("/invitations/")
        self.assertNotContains(again, "/sign-up/#")
        self.assertContains(again, "dora@example.com")

    def test_withdraws(self) -> None:
        self.sign_in_as("charlie")
        self.client.post("/invitations/", {"email": "dora@example.com"})
        token = self.charlie.invitations.get()

        self.client.post(f"/invitations/{token.id}/withdraw/")

        token.refresh_from_db()
        assert token.withdrawn_at is not None

    def test_refuses_a_known_address(self) -> None:
        self.sign_in_as("charlie")

        page = self.client.post("/invitations/", {"email": "alice@example.com"})

        self.assertContains(page, "has an account", status_code=422)

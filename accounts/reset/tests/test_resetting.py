from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

from django.core import mail
from django.db import close_old_connections, connection
from django.test import Client
from django.utils import timezone

from accounts.credentials import NewCredentials
from accounts.models import PasswordReset, TotpDevice, TrustedBrowser, User
from accounts.reset import asking
from accounts.reset import services as reset
from accounts.reset.tests.links import DAY, form, issue, open_link, pass_time
from accounts.totp.factor import TotpFactor
from accounts.totp.tests.test_totp import code, enrol
from audit.models import AuditEvent
from keyslots import crypto
from keyslots import services as keyslots
from keyslots.models import KeySlot
from tests import base


class LinkTests(base.TestCase):
    def assert_gone(self, response: Any, reason: str) -> None:
        self.assertContains(response, "no longer works", status_code=410)
        refusal = AuditEvent.objects.filter(event="reset.link_refused").latest("id")
        assert refusal.facts == {"reason": reason}

    def test_refuses_unknown_and_missing_tokens(self) -> None:
        for token in ("", "x", "x" * 5000, "\x00"):
            self.assert_gone(open_link(self.client, token), "link unknown")
        assert self.client.get("/reset/password/").status_code == 410
        assert self.client.post("/reset/password/", form(self.alice)).status_code == 410
        assert self.client.get("/reset/code/").status_code == 410

    def test_refuses_an_expired_link(self) -> None:
        enrol(self.alice)
        token = issue(self.alice)
        pass_time(self.alice, timedelta(hours=1))

        self.assert_gone(open_link(self.client, token), "link expired")

    def test_refuses_a_link_of_somebody_who_may_not_sign_in(self) -> None:
        token = issue(self.alice)
        User.objects.filter(pk=self.alice.pk).update(is_active=False)

        assert open_link(self.client, token).status_code == 410

    def test_ends_when_the_password_changes_otherwise(self) -> None:
        token = issue(self.alice)
        other = issue(self.bob)
        self.sign_in_as("alice")
        old = keyslots.password_slot(self.alice.id)
        assert old is not None
        slot = base.slot_for("new", self.alice.id, vault_key_id=old.vault_key_id)
        posted = {"auth_secret": base.posted_secret("alice"), **form(self.alice)}
        posted["password_slot"] = base.posted_slot(slot)
        assert self.client.post("/settings/security/password/", posted).status_code == 302

        assert open_link(Client(), token).status_code == 410
        assert open_link(Client(), other).status_code == 302


class WithoutFactorTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.token = issue(self.alice)

    def test_waits_a_day_and_works_an_hour(self) -> None:
        assert open_link(self.client, self.token).headers["Location"] == "/reset/password/"
        self.assertContains(
            self.client.get("/reset/password/"), "does not work yet", status_code=403
        )
        assert self.client.post("/reset/password/", form(self.alice)).status_code == 403

        pass_time(self.alice, DAY)
        assert self.client.get("/reset/password/").status_code == 200
        pass_time(self.alice, timedelta(hours=1))
        assert self.client.get("/reset/password/").status_code == 410

    def test_tells_the_owner_by_every_channel_and_when_it_starts(self) -> None:
        assert self.alice.notifications.filter(kind="password_reset_requested").exists()
        subjects = [message.subject for message in mail.outbox]
        assert any("Somebody asked" in subject for subject in subjects)
        link = next(message for message in mail.outbox if "#" in str(message.body))
        assert "starts to work on" in link.body
        assert "203.0.113.9" in link.body

    def test_is_shown_on_every_page_and_stopped_from_there(self) -> None:
        self.sign_in_as("alice")
        self.assertContains(self.client.get("/"), "Somebody asked to reset your password")

        self.client.post("/reset/stop/")

        self.assertNotContains(self.client.get("/"), "Somebody asked to reset")
        assert open_link(Client(), self.token).status_code == 410
        assert AuditEvent.objects.filter(event="reset.stopped", user=self.alice.id).exists()
        assert self.alice.notifications.filter(kind="password_reset_stopped").exists()

    def test_is_stopped_while_somebody_has_the_page_open(self) -> None:
        pass_time(self.alice, DAY)
        open_link(self.client, self.token)
        self.sign_in_as("alice", Client()).post("/reset/stop/")

        assert self.client.post("/reset/password/", form(self.alice)).status_code == 410
        assert User.objects.get(pk=self.alice.pk).check_auth_secret(base.auth_secret_of("alice"))

    def test_is_nobody_elses_to_stop(self) -> None:
        self.sign_in_as("bob")
        self.client.post("/reset/stop/")
        assert Client().post("/reset/stop/").headers["Location"].startswith("/sign-in/")

        assert PasswordReset.open(at=timezone.now()).count() == 1
        self.assertNotContains(self.client.get("/"), "Somebody asked to reset")

    def test_asks_for_a_factor_that_was_added_meanwhile(self) -> None:
        pass_time(self.alice, DAY)
        open_link(self.client, self.token)
        enrol(self.alice)

        assert self.client.get("/reset/password/").headers["Location"] == "/reset/code/"

    def test_sets_the_password_and_ends_everything_else(self) -> None:
        owner = self.sign_in_as("alice", Client())
        TrustedBrowser.objects.create(
            user=self.alice,
            token_hash="x",
            created_at=timezone.now(),
            expires_at=timezone.now() + DAY,
        )
        pass_time(self.alice, DAY)
        open_link(self.client, self.token)
        with self.captureOnCommitCallbacks(execute=True):
            response = self.client.post("/reset/password/", form(self.alice))

        assert response.headers["Location"] == "/sign-in/"
        assert owner.get("/").status_code == 302
        assert not TrustedBrowser.objects.filter(user=self.alice).exists()
        assert self.client.get("/").headers["Location"].startswith("/sign-in/")
        assert AuditEvent.objects.filter(event="account.password_reset").count() == 1
        assert self.alice.notifications.filter(kind="password_changed").exists()
        assert not User.objects.get(pk=self.alice.pk).has_open_reset

    def test_keeps_the_former_slot_beside_a_new_vault_key(self) -> None:
        pass_time(self.alice, DAY)
        open_link(self.client, self.token)
        self.client.post("/reset/password/", form(self.alice))

        kinds = KeySlot.objects.filter(user=self.alice).values_list("kind", flat=True)
        assert sorted(kinds) == ["former-password", "password"]
        user = User.objects.get(pk=self.alice.pk)
        assert keyslots.opens_with(user.id, salt=user.salt)
        signed_in = base.sign_in(Client(), "alice", auth_secret=base.posted_secret("new"))
        assert signed_in.headers["Location"] == "/"

    def test_works_once(self) -> None:
        pass_time(self.alice, DAY)
        open_link(self.client, self.token)
        self.client.post("/reset/password/", form(self.alice))

        assert self.client.post("/reset/password/", form(self.alice, "x")).status_code == 410
        assert open_link(Client(), self.token).status_code == 410

    def test_changes_nothing_of_a_half_posted_form(self) -> None:
        pass_time(self.alice, DAY)
        open_link(self.client, self.token)
        taken = keyslots.password_slot(self.alice.id)
        assert taken is not None
        for change in (
            {"new_auth_secret": "my password"},
            {"password_slot": "[]"},
            {"password_slot": base.posted_slot(taken)},
            {"recovery_proof": "nonsense"},
            {"recovery_proof": base.posted_secret("recovery")},
        ):
            posted = form(self.alice, **change)
            assert self.client.post("/reset/password/", posted).status_code == 422, change
        user = User.objects.get(pk=self.alice.pk)
        assert user.check_auth_secret(base.auth_secret_of("alice"))
        assert PasswordReset.objects.get().used_at is None

    def test_does_not_follow_a_row_to_another_account(self) -> None:
        pass_time(self.alice, DAY)
        open_link(self.client, self.token)
        PasswordReset.objects.update(user=self.bob)

        assert self.client.get("/reset/password/").status_code == 410


class WithFactorTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        enrol(self.alice)
        self.token = issue(self.alice)
        open_link(self.client, self.token)

    def show_code(self) -> Any:
        return self.client.post("/reset/code/", {"code": code(timezone.now())})

    def test_needs_the_code_first_and_no_wait(self) -> None:
        assert self.client.get("/reset/password/").headers["Location"] == "/reset/code/"
        assert self.client.post("/reset/password/", form(self.alice)).status_code == 302
        assert User.objects.get(pk=self.alice.pk).check_auth_secret(base.auth_secret_of("alice"))

        assert self.show_code().headers["Location"] == "/reset/password/"
        assert self.client.post("/reset/password/", form(self.alice)).status_code == 302
        assert User.objects.get(pk=self.alice.pk).check_auth_secret(base.auth_secret_of("new"))
        assert AuditEvent.objects.get(event="account.password_reset").facts["factor"] == "totp"

    def test_says_so_where_no_factor_can_be_shown_here(self) -> None:
        with patch.object(TotpFactor, "reset_url_name", ""):
            response = self.client.get("/reset/password/")

        self.assertContains(response, "second factor is needed", status_code=403)

    def test_counts_wrong_codes(self) -> None:
        for _ in range(5):
            assert self.client.post("/reset/code/", {"code": "000000"}).status_code == 422

        self.assertContains(self.show_code(), "Too many", status_code=422)
        refused = AuditEvent.objects.filter(event="factor.refused", user=self.alice.id)
        assert refused.count() == 5

    def test_forgets_the_proof_after_ten_minutes_and_with_another_link(self) -> None:
        self.show_code()
        session = self.client.session
        kept = session[reset.KEY]
        session[reset.KEY] = {**kept, "proven_at": kept["proven_at"] - 600}
        session.save()
        assert self.client.get("/reset/password/").headers["Location"] == "/reset/code/"

        session[reset.KEY] = kept
        session.save()
        open_link(self.client, self.token)
        assert self.client.get("/reset/password/").headers["Location"] == "/reset/code/"

    def test_is_worth_nothing_once_the_factor_is_gone(self) -> None:
        TotpDevice.objects.all().delete()

        assert self.client.get("/reset/password/").status_code == 410

    def test_keeps_the_vault_key_with_the_recovery_key(self) -> None:
        key_id = self.add_recovery()
        self.show_code()
        self.assertContains(self.client.get("/reset/password/"), "Notes recovery key")
        slot = base.slot_for("new", self.alice.id, vault_key_id=key_id)

        self.client.post(
            "/reset/password/",
            form(
                self.alice,
                password_slot=base.posted_slot(slot),
                recovery_proof=base.posted_secret("recovery"),
            ),
        )

        kinds = KeySlot.objects.filter(user=self.alice).values_list("kind", flat=True)
        assert sorted(kinds) == ["password", "recovery"]
        assert keyslots.current_vault_key(self.alice.id).id == key_id  # type: ignore[union-attr]

    def test_refuses_a_recovery_key_of_another_vault_key(self) -> None:
        self.add_recovery()
        self.show_code()

        posted = form(self.alice, recovery_proof=base.posted_secret("recovery"))
        self.assertContains(
            self.client.post("/reset/password/", posted),
            "does not open your notes",
            status_code=422,
        )

    def add_recovery(self) -> UUID:
        current = keyslots.password_slot(self.alice.id)
        assert current is not None
        slot = crypto.KeySlot(
            kind=crypto.RECOVERY,
            slot_id=uuid4(),
            vault_key_id=current.vault_key_id,
            nonce=b"n" * 12,
            ciphertext=b"c" * 48,
        )
        keyslots.add_slot(
            self.alice.id,
            slot,
            kind=crypto.RECOVERY,
            name="Paper",
            verifier=base.auth_secret_of("recovery"),
            at=timezone.now(),
        )
        return current.vault_key_id


class ParallelResetTests(base.TransactionTestCase):
    def test_sets_one_password_with_one_link(self) -> None:
        asking.issue(self.alice, where={"address": "", "browser": ""}, at=timezone.now())
        pass_time(self.alice, DAY)
        row = PasswordReset.objects.select_related("user").get()

        with ThreadPoolExecutor(8) as pool:
            done = list(pool.map(_completes, [row] * 20))

        assert done.count(True) == 1
        assert KeySlot.objects.filter(user=self.alice, kind="password").count() == 1
        assert AuditEvent.objects.filter(event="account.password_reset").count() == 1


def _completes(row: PasswordReset) -> bool:
    close_old_connections()
    new = NewCredentials(base.auth_secret_of("new"), base.slot_for("new", row.user.id))
    try:
        reset.complete(row, new, proof=None, at=timezone.now())
    except reset.LinkNotValid:
        return False
    finally:
        connection.close()
    return True

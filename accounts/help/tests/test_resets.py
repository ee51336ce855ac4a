from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import close_old_connections, connection
from django.test import Client
from django.utils import timezone

from accounts.help import services as factor_help
from accounts.models import FactorReset, Passkey, TotpDevice, TrustedBrowser, User
from accounts.tasks import apply_factor_resets
from accounts.totp import services as totp
from audit import services as audit
from audit.models import AuditEvent
from notifications.models import Notification
from tests import base


def give_factors(user: User) -> None:
    device = totp.start(user, at=timezone.now())
    TotpDevice.objects.filter(pk=device.pk).update(confirmed=True, name="Phone")
    Passkey.objects.create(
        user=user,
        name="Key",
        credential_id=uuid.uuid4().hex,
        public_key=b"key",
        created_at=timezone.now(),
    )


def ask(user: User, *, at: datetime | None = None) -> FactorReset:
    return factor_help.request_reset(
        user, reason="Phone lost", by=None, at=at or timezone.now() - timedelta(hours=25)
    )


class RequestTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        give_factors(self.alice)

    def test_tells_the_person_at_once(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            ask(self.alice)

        assert mail.outbox[0].to == ["alice@example.com"]
        assert "Phone lost" in mail.outbox[0].body
        assert Notification.objects.filter(kind="factor_reset_requested").count() == 1

    def test_is_recorded_with_the_reason_for_the_person(self) -> None:
        ask(self.alice)

        event = AuditEvent.objects.get(event="factor.reset_requested")
        assert event.user == self.alice.pk
        assert "Phone lost" in event.sentence

    def test_is_one_at_a_time(self) -> None:
        ask(self.alice)

        with pytest.raises(factor_help.ResetWaits):
            ask(self.alice)

    def test_needs_a_factor_to_reset(self) -> None:
        with pytest.raises(factor_help.NothingToReset):
            ask(self.bob)


class ApplyTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        give_factors(self.alice)
        give_factors(self.bob)

    def test_waits_for_its_day(self) -> None:
        ask(self.alice, at=timezone.now() - timedelta(hours=23))

        apply_factor_resets()

        assert TotpDevice.objects.filter(user=self.alice).exists()

    def test_removes_the_factors_of_this_person_only(self) -> None:
        ask(self.alice)

        apply_factor_resets()

        assert not TotpDevice.objects.filter(user=self.alice).exists()
        assert not Passkey.objects.filter(user=self.alice).exists()
        assert TotpDevice.objects.filter(user=self.bob).exists()

    def test_leaves_tombstones(self) -> None:
        device, passkey = TotpDevice.objects.get(user=self.alice), self.alice.passkeys.get()
        ask(self.alice)

        apply_factor_resets()

        assert audit.is_buried("totp_device", device.pk)
        assert audit.is_buried("passkey", passkey.pk)

    def test_ends_every_session_and_all_trust(self) -> None:
        client = Client()
        client.force_login(self.alice, backend="accounts.backends.PasswordBackend")
        TrustedBrowser.objects.create(
            user=self.alice, created_at=timezone.now(), expires_at=timezone.now()
        )
        ask(self.alice)

        apply_factor_resets()

        assert client.get("/settings/").status_code == 302
        assert not TrustedBrowser.objects.filter(user=self.alice).exists()

    def test_happens_once_and_is_told_once(self) -> None:
        row = ask(self.alice)
        now = timezone.now()

        assert factor_help.apply(row.pk, at=now)
        assert not factor_help.apply(row.pk, at=now)
        assert AuditEvent.objects.filter(event="factor.reset_done").count() == 1
        assert Notification.objects.filter(kind="factors_reset").count() == 1

    def test_never_happens_once_stopped(self) -> None:
        row = ask(self.alice)
        factor_help.stop(row.pk, by=self.alice, at=timezone.now())

        apply_factor_resets()

        assert TotpDevice.objects.filter(user=self.alice).exists()
        with pytest.raises(factor_help.ResetClosed):
            factor_help.stop(row.pk, by=self.alice, at=timezone.now())

    def test_lets_the_password_in_afterwards(self) -> None:
        ask(self.alice)
        apply_factor_resets()

        self.sign_in_as("alice")

        assert self.client.get("/settings/").status_code == 200


class AtOnceTests(base.TransactionTestCase):
    def test_is_carried_out_once_by_many_workers(self) -> None:
        give_factors(self.alice)
        row = ask(self.alice)

        with ThreadPoolExecutor(6) as pool:
            done = list(pool.map(_apply, [row.pk] * 6))

        assert sum(done) == 1
        assert AuditEvent.objects.filter(event="factor.reset_done").count() == 1


class BannerTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")
        give_factors(self.alice)
        ask(self.alice, at=timezone.now())

    def test_stands_on_every_page_until_it_is_stopped(self) -> None:
        for path in ("/", "/settings/", "/activity/"):
            self.assertContains(self.client.get(path), "Keep my factors")

        response = self.client.post("/settings/security/factor-reset/stop/", follow=True)

        self.assertContains(response, "Your second factors stay")
        self.assertNotContains(self.client.get("/"), "Keep my factors")
        event = AuditEvent.objects.get(event="factor.reset_stopped")
        assert event.facts == {"by": "user"}

    def test_is_nobody_elses(self) -> None:
        other = self.sign_in_as("bob", Client())
        base.show_factor(other)

        self.assertNotContains(other.get("/"), "Keep my factors")
        other.post("/settings/security/factor-reset/stop/")
        assert factor_help.waiting(self.alice) is not None

    def test_can_be_stopped_with_a_session_only(self) -> None:
        response = Client().post("/settings/security/factor-reset/stop/")

        assert response.headers["Location"].startswith("/sign-in/")


class CommandTests(base.TestCase):
    def call(self, *arguments: str) -> str:
        out = StringIO()
        call_command("reset_factors", *arguments, stdout=out)
        return out.getvalue()

    def test_asks_for_the_reset(self) -> None:
        give_factors(self.alice)

        said = self.call("Alice@Example.com", "--reason", "Phone lost")

        assert "The factors go on" in said
        assert factor_help.waiting(self.alice) is not None

    def test_resets_at_once_on_the_console(self) -> None:
        give_factors(self.alice)

        assert self.call("alice@example.com", "--reason", "Phone lost", "--now").startswith("Done")
        assert not TotpDevice.objects.filter(user=self.alice).exists()

    def test_says_what_is_wrong(self) -> None:
        for address, words in (("x@example.com", "no account"), ("bob@example.com", "no second")):
            with pytest.raises(CommandError, match=words):
                self.call(address, "--reason", "Phone lost")


def _apply(reset_id: Any) -> bool:
    close_old_connections()
    try:
        return factor_help.apply(reset_id, at=timezone.now())
    finally:
        connection.close()

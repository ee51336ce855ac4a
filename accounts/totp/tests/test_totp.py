from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import close_old_connections, connection
from django.test import Client, override_settings
from django.utils import timezone

from accounts.models import TotpDevice, TrustedBrowser, User
from accounts.tests.test_account import age_the_proof
from accounts.totp import services as totp
from audit.models import AuditEvent
from core import otp, sealing
from sessions_lock.models import SessionActivity
from tests import base

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
SECRET = b"a shared secret of 20"


def enrol(user: User, name: str = "Phone", secret: bytes = SECRET) -> TotpDevice:
    device = TotpDevice(user=user, name=name, confirmed=True, created_at=timezone.now())
    sealing.seal_field(device, "sealed_secret", secret)
    device.save(force_insert=True)
    return device


def code(at: datetime, *, steps: int = 0, secret: bytes = SECRET) -> str:
    return otp.totp(secret, int(at.timestamp()) + 30 * steps)


class VerifyTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.device = enrol(self.alice)

    def verify(self, text: str, at: datetime = NOON) -> None:
        totp.verify(self.alice, code=text, at=at)

    def test_accepts_the_code_of_now_and_one_step_around(self) -> None:
        for number, steps in enumerate((-1, 0, 1)):
            at = NOON + timedelta(minutes=5 * number)
            self.verify(code(at, steps=steps), at)

    def test_reads_spaces(self) -> None:
        text = code(NOON)
        self.verify(f" {text[:3]} {text[3:]} ")

    def test_accepts_a_code_once_for_its_whole_window(self) -> None:
        before, now = code(NOON, steps=-1), code(NOON)
        self.verify(before)
        self.verify(now)

        for text in (before, now):
            with pytest.raises(totp.WrongCode):
                self.verify(text)

    def test_tells_a_drifting_clock_from_a_wrong_code(self) -> None:
        for steps in (-20, -2, 2, 20):
            with pytest.raises(totp.ClockDrifts) as refusal:
                self.verify(code(NOON, steps=steps))
            assert refusal.value.seconds == steps * 30
        for text in (
            code(NOON, steps=21),
            "000000",
            "12345",
            "1234567",
            "12345x",
            "\uff11\uff12\uff13\uff14\uff15\uff16",
            "",
        ):
            with pytest.raises(totp.WrongCode):
                self.verify(text)

    def test_takes_the_codes_of_every_app(self) -> None:
        enrol(self.alice, "Tablet", b"another secret of 20")

        self.verify(code(NOON, secret=b"another secret of 20"))

        used = TotpDevice.objects.get(name="Tablet")
        assert used.last_used_at == NOON
        assert TotpDevice.objects.get(name="Phone").last_used_at is None

    def test_takes_no_code_of_somebody_else_or_of_a_waiting_app(self) -> None:
        with pytest.raises(totp.WrongCode):
            totp.verify(self.bob, code=code(NOON), at=NOON)
        TotpDevice.objects.update(confirmed=False)
        with pytest.raises(totp.WrongCode):
            self.verify(code(NOON))

    def test_keeps_the_secret_sealed(self) -> None:
        assert self.device.sealed_secret.startswith("k1:")

    def test_knows_the_secret_that_guards_this_vault(self) -> None:
        assert totp.guarding_secrets(self.alice) == {SECRET}
        assert totp.guarding_secrets(self.bob) == frozenset()


class ParallelCodeTests(base.TransactionTestCase):
    def test_lets_one_of_many_parallel_posts_through(self) -> None:
        enrol(self.alice)

        with ThreadPoolExecutor(8) as pool:
            accepted = list(pool.map(_accepts, [self.alice] * 20))

        assert accepted.count(True) == 1


class EnrolmentTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")

    def enrol(self, text: str, name: str = "Phone") -> Any:
        return self.client.post("/settings/security/apps/add/", {"code": text, "name": name})

    def secret(self) -> bytes:
        self.client.get("/settings/security/apps/add/")
        return sealing.open_field(TotpDevice.objects.get(user=self.alice), "sealed_secret")

    def test_shows_the_secret_as_picture_and_text(self) -> None:
        page = self.client.get("/settings/security/apps/add/").content.decode()

        device = TotpDevice.objects.get()
        assert "data:image/png;base64," in page
        assert totp.secret_text(device)[:4] in page
        assert "otpauth://totp/AuthNode%20localhost:alice%40example.com?" in totp.uri(device)

    def test_counts_only_once_a_code_has_confirmed_it(self) -> None:
        secret = self.secret()
        assert self.enrol("000000").status_code == 422
        assert not TotpDevice.objects.filter(confirmed=True).exists()

        response = self.enrol(code(timezone.now(), secret=secret))

        assert response.headers["Location"] == "/settings/security/backup-codes/new/"
        device = TotpDevice.objects.get(confirmed=True)
        assert device.name == "Phone"
        assert "otp" in self.client.session["amr"]
        assert AuditEvent.objects.filter(event="factor.enrolled", user=self.alice.id).exists()
        assert self.alice.notifications.filter(kind="factor_enrolled").exists()

    def test_keeps_the_waiting_secret_while_a_code_is_mistyped(self) -> None:
        secret = self.secret()
        self.enrol("000000")

        assert self.enrol(code(timezone.now(), secret=secret)).status_code == 302

    def test_does_not_take_the_confirming_code_again_at_sign_in(self) -> None:
        text = code(timezone.now(), secret=self.secret())
        self.enrol(text)

        client = Client()
        base.sign_in(client, "alice")
        assert client.post("/sign-in/code/", {"code": text}).status_code == 422

    def test_asks_to_confirm_first(self) -> None:
        age_the_proof(self.client)

        assert self.client.get("/settings/security/apps/add/").status_code == 302


class SignInTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        enrol(self.alice)
        base.sign_in(self.client, "alice", next="/activity/")

    def present(self, text: str | None = None, **extra: str) -> Any:
        return self.client.post("/sign-in/code/", {"code": text or code(timezone.now()), **extra})

    def test_asks_for_the_code(self) -> None:
        assert base.sign_in(Client(), "alice").headers["Location"] == "/sign-in/code/"
        assert self.client.get("/sign-in/code/").status_code == 200
        assert self.client.get("/settings/").status_code == 302

    def test_lets_in_with_the_right_code(self) -> None:
        before = self.client.cookies["session"].value

        assert self.present().headers["Location"] == "/activity/"

        assert self.client.cookies["session"].value != before
        assert self.client.session["amr"] == ["pwd", "otp"]
        assert SessionActivity.objects.get(user=self.alice).amr == ["pwd", "otp"]

    def test_refuses_a_wrong_code_and_records_it(self) -> None:
        response = self.present("000000")

        self.assertContains(response, "is not right", status_code=422)
        assert AuditEvent.objects.filter(event="factor.refused", user=self.alice.id).exists()
        assert self.client.get("/settings/").status_code == 302

    def test_stops_guessing_after_five_in_a_quarter_of_an_hour(self) -> None:
        for _ in range(5):
            self.present("000000")

        self.assertContains(self.present(), "Too many codes", status_code=422)

    def test_needs_the_password_first(self) -> None:
        assert Client().get("/sign-in/code/").headers["Location"] == "/sign-in/"
        assert Client().post("/sign-in/code/", {"code": code(timezone.now())}).status_code == 302

    def test_trusts_this_browser_when_asked_to(self) -> None:
        response = self.present(trust="on")
        assert response.cookies["trusted"]["httponly"]
        self.client.post("/sign-out/")

        again = base.sign_in(self.client, "alice")

        assert again.headers["Location"] == "/"
        assert self.client.session["amr"] == ["pwd", "trusted"]
        assert base.sign_in(Client(), "alice").headers["Location"] == "/sign-in/code/"

    def test_trusts_it_for_one_person_and_thirty_days(self) -> None:
        self.present(trust="on")
        self.client.post("/sign-out/")
        enrol(self.bob)

        assert base.sign_in(self.client, "bob").headers["Location"] == "/sign-in/code/"
        TrustedBrowser.objects.update(expires_at=timezone.now())
        assert base.sign_in(self.client, "alice").headers["Location"] == "/sign-in/code/"

    def test_stops_trusting_when_asked_to(self) -> None:
        self.present(trust="on")
        row = TrustedBrowser.objects.get()
        assert row.token_hash != self.client.cookies["trusted"].value

        self.client.post(f"/settings/security/browsers/{row.id}/distrust/")

        assert not TrustedBrowser.objects.exists()

    def test_leaves_the_trusted_browsers_of_others_alone(self) -> None:
        self.present(trust="on")
        row = TrustedBrowser.objects.get()
        other = self.sign_in_as("charlie", Client())

        other.post(f"/settings/security/browsers/{row.id}/distrust/")

        assert TrustedBrowser.objects.exists()


class ConfirmTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        enrol(self.alice)
        self.sign_in_as("alice")
        self.client.post("/sign-in/code/", {"code": code(timezone.now(), steps=-1)})
        age_the_proof(self.client)

    def test_confirms_with_a_code(self) -> None:
        form = {"code": code(timezone.now()), "next": "/settings/delete/"}

        response = self.client.post("/confirm/code/", form)

        assert response.headers["Location"] == "/settings/delete/"
        assert self.client.get("/settings/delete/").status_code == 200

    def test_is_offered_beside_the_password(self) -> None:
        page = self.client.get("/confirm/?next=/settings/delete/")

        self.assertContains(page, "/confirm/code/?next=%2Fsettings%2Fdelete%2F")

    def test_takes_no_code_of_somebody_else(self) -> None:
        enrol(self.bob, secret=b"the secret of bob 20")
        form = {"code": code(timezone.now(), secret=b"the secret of bob 20")}

        assert self.client.post("/confirm/code/", form).status_code == 422


class RemovalTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.device = enrol(self.alice)
        self.sign_in_as("alice")
        self.client.post("/sign-in/code/", {"code": code(timezone.now())})
        self.path = f"/settings/security/apps/{self.device.pk}/remove/"

    def test_asks_twice_about_the_last_one(self) -> None:
        self.assertContains(self.client.get(self.path), "last second factor")

        self.client.post(self.path)

        assert not TotpDevice.objects.exists()
        assert AuditEvent.objects.filter(event="factor.removed").exists()
        assert self.client.get("/settings/security/").status_code == 200

    def test_ends_the_other_sessions(self) -> None:
        other = Client()
        base.sign_in(other, "alice")
        other.post("/sign-in/code/", {"code": code(timezone.now(), steps=1)})
        assert other.get("/settings/").status_code == 200

        self.client.post(self.path)

        assert other.get("/settings/").status_code == 302

    @override_settings(SECOND_FACTOR="all")
    def test_obeys_the_policy(self) -> None:
        self.client.post(self.path)

        assert TotpDevice.objects.exists()

    def test_renames(self) -> None:
        self.client.post(self.path.replace("remove", "rename"), {"name": "Old phone"})

        assert TotpDevice.objects.get().name == "Old phone"

    def test_leaves_the_apps_of_others_alone(self) -> None:
        other = self.sign_in_as("charlie", Client())

        assert other.post(self.path).status_code == 404
        assert other.post(self.path.replace("remove", "rename"), {"name": "x"}).status_code == 404


def _accepts(user: User) -> bool:
    close_old_connections()
    try:
        totp.verify(user, code=code(NOON), at=NOON)
    except totp.WrongCode:
        return False
    finally:
        connection.close()
    return True

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any
from unittest import mock

from django.core.management import call_command
from django.test import Client, override_settings
from django.utils import timezone

from accounts import profile
from accounts.models import User
from accounts.totp.tests.test_totp import code, enrol
from audit.models import AuditEvent
from core import geo
from keyslots import services as keyslots
from notifications.models import Notification, OutgoingMail
from sessions_lock import ending, services, signals, tasks
from sessions_lock.models import SessionActivity
from sessions_lock.store import SessionStore
from sessions_lock.tests.clock import Clock
from sessions_lock.tests.test_store import started
from tests import base

PASSWORD_PAGE = "/settings/security/password/"


def new_password(user: User) -> dict[str, str]:
    old = keyslots.password_slot(user.pk)
    assert old is not None
    slot = base.slot_for("new", user.pk, vault_key_id=old.vault_key_id)
    return {
        "auth_secret": base.posted_secret("alice"),
        "new_auth_secret": base.posted_secret("new"),
        "password_slot": base.posted_slot(slot),
    }


def live(user: Any) -> int:
    return SessionActivity.objects.live(at=timezone.now()).filter(user=user).count()


def listen(test: base.TestCase, signal: Any) -> list[dict[str, Any]]:
    """What a signal says during a test."""
    heard: list[dict[str, Any]] = []

    def hear(**words: Any) -> None:
        heard.append(words)

    signal.connect(hear, weak=False)
    test.addCleanup(signal.disconnect, hear)
    return heard


class SweepTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = self.enterContext(Clock())
        for user in (self.alice, self.alice, self.bob):
            started(user.pk)

    def test_ends_what_is_due_and_nothing_else(self) -> None:
        self.clock.forward(minutes=10)
        started(self.charlie.pk)
        assert ending.sweep(at=self.clock.now) == 0

        self.clock.forward(minutes=5)
        assert ending.sweep(at=self.clock.now) == 3
        assert ending.sweep(at=self.clock.now) == 0
        assert live(self.charlie) == 1

    def test_records_each_once_and_tells_nobody(self) -> None:
        heard = listen(self, signals.session_ended)
        self.clock.forward(minutes=15)

        tasks.sweep()
        tasks.sweep()

        assert AuditEvent.objects.filter(event="session.locked").count() == 3
        assert len({words["session_id"] for words in heard}) == len(heard) == 3
        assert {words["reason"] for words in heard} == {"idle"}
        assert not Notification.objects.exists()
        assert not OutgoingMail.objects.exists()

    def test_works_in_batches(self) -> None:
        self.clock.forward(minutes=15)
        with mock.patch.object(ending, "BATCH", 2):
            assert ending.sweep(at=self.clock.now) == 3

    def test_is_a_command_too(self) -> None:
        self.clock.forward(minutes=15)
        out = StringIO()

        call_command("sweep_sessions", stdout=out)

        assert out.getvalue() == "3 sessions ended.\n"

    def test_leaves_anonymous_rows_to_the_forgetting(self) -> None:
        SessionStore().save()
        self.clock.forward(hours=2)

        assert ending.sweep(at=self.clock.now) == 3
        assert SessionActivity.objects.filter(user=None).count() == 1


class LimitTests(base.TestCase):
    @override_settings(SESSIONS_PER_USER=2)
    def test_ends_the_oldest_and_tells_the_user(self) -> None:
        clients = [self.sign_in_as("alice", Client()) for _ in range(3)]

        assert [client.get("/settings/").status_code for client in clients] == [302, 200, 200]
        told = Notification.objects.get(kind="session_limit")
        assert told.user_id == self.alice.pk
        assert told.params["limit"] == "2"
        reasons = [row.ended_reason for row in SessionActivity.objects.filter(user=self.alice)]
        assert reasons.count("too many sessions") == 1

    @override_settings(SESSIONS_PER_USER=2)
    def test_counts_each_user_alone_and_no_ended_ones(self) -> None:
        first = self.sign_in_as("alice", Client())
        for _ in range(3):
            again = self.sign_in_as("alice", Client())
            again.post("/sign-out/")
            self.sign_in_as("bob", Client())

        assert first.get("/settings/").status_code == 200

    def test_is_ten(self) -> None:
        for _ in range(11):
            self.sign_in_as("alice", Client())

        assert live(self.alice) == 10


class CredentialTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")
        self.other = self.sign_in_as("alice", Client())

    def reasons(self) -> list[str]:
        rows = SessionActivity.objects.filter(user=self.alice).order_by("started_at")
        return [row.ended_reason for row in rows]

    def test_end_the_others_with_the_password(self) -> None:
        assert self.client.post(PASSWORD_PAGE, new_password(self.alice)).status_code == 302
        assert self.reasons() == ["", "credentials changed"]
        assert self.other.get("/settings/").status_code == 302

    def test_end_the_others_with_a_factor(self) -> None:
        device = enrol(self.alice)
        self.client.post(f"/settings/security/apps/{device.pk}/remove/")

        assert self.reasons() == ["", "credentials changed"]

    def test_end_all_with_the_account_switched_off(self) -> None:
        operator = self.sign_in_as("charlie", Client())
        operator.post(f"/admin/accounts/user/{self.alice.pk}/change/", {})

        assert self.reasons() == ["credentials changed"] * 2
        assert self.client.get("/settings/").status_code == 302

    def test_end_all_with_the_account(self) -> None:
        profile.delete(self.alice, at=timezone.now())

        assert not SessionActivity.objects.filter(user_id=self.alice.pk).exists()
        for client in (self.client, self.other):
            assert client.get("/settings/").status_code == 302

    def test_are_recorded_for_each_session(self) -> None:
        services.end_others(self.alice.pk, but=None, at=timezone.now())

        events = AuditEvent.objects.filter(event="session.ended", user=self.alice.pk)
        assert [event.facts["reason"] for event in events] == ["credentials changed"] * 2
        assert "Your password or second factors had changed" in events[0].sentence


class SignalTests(base.TestCase):
    def test_say_once_that_a_session_ended_and_why(self) -> None:
        heard = listen(self, signals.session_ended)
        self.sign_in_as("alice")
        row = SessionActivity.objects.get(user=self.alice)

        self.client.post("/sign-out/")
        services.lock(row.pk, at=timezone.now())

        assert [(words["session_id"], words["reason"]) for words in heard] == [
            (row.pk, "signed out")
        ]

    def test_say_that_a_key_changed(self) -> None:
        self.sign_in_as("alice")
        heard = listen(self, signals.session_key_rotated)
        row = SessionActivity.objects.get(user=self.alice)

        self.client.post("/confirm/", {"auth_secret": base.posted_secret("alice")})

        assert [words["session_id"] for words in heard] == [row.pk]
        assert heard[0]["user_id"] == self.alice.pk


class PlaceTests(base.TestCase):
    def test_is_kept_when_geo_knows(self) -> None:
        place = geo.Place("France", "Lyon", None, None, None)
        with mock.patch("core.geo.locate", return_value=place):
            self.sign_in_as("alice")

        assert SessionActivity.objects.get(user=self.alice).place == "Lyon, France"

    def test_is_empty_when_it_does_not(self) -> None:
        self.sign_in_as("alice")

        row = SessionActivity.objects.get(user=self.alice)
        assert row.place == ""
        assert row.words == f"{row.browser}, {row.address}"


class TrustedBrowserTests(base.TestCase):
    def test_needs_the_password_only_after_a_lock(self) -> None:
        device = enrol(self.alice)
        base.sign_in(self.client, "alice")
        self.client.post("/sign-in/code/", {"code": code(timezone.now()), "trust": "on"})
        assert self.client.get("/settings/").status_code == 200, device
        SessionActivity.objects.update(lock_deadline=timezone.now() - timedelta(seconds=1))
        assert self.client.get("/activity/").status_code == 302

        answer = base.sign_in(self.client, "alice", next="/activity/")

        assert answer.headers["Location"] == "/activity/"
        assert self.client.get("/activity/").status_code == 200

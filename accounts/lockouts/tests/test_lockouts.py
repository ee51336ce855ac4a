from __future__ import annotations

from datetime import timedelta
from typing import Any

from axes.models import AccessAttempt
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from accounts.lockouts import services as lockouts
from accounts.models import LockedSignIn
from audit.models import AuditEvent
from tests import base

PAGE = "/admin/accounts/lockedsignin/"


class LockOutTests(base.TestCase):
    def guess(self, times: int, *, agent: str = "", network: str = "203.0.113.9") -> Any:
        client, response = Client(REMOTE_ADDR=network, headers={"user-agent": agent}), None
        form = {"email": "alice@example.com", "auth_secret": base.posted_secret("wrong")}
        for _ in range(times):
            response = client.post("/sign-in/", form)
        return response

    def test_lists_who_is_locked_and_until_when(self) -> None:
        self.guess(10)

        (lock,) = lockouts.locked(at=timezone.now())

        assert (lock.address, lock.network) == ("alice@example.com", "203.0.113.9")
        assert lock.failures >= 10
        left = lock.until - timezone.now()
        assert timedelta(minutes=14) < left <= timedelta(minutes=15)

    def test_agrees_with_axes_over_several_browsers(self) -> None:
        self.guess(5, agent="Firefox/1")
        assert lockouts.locked(at=timezone.now()) == []

        self.assertContains(self.guess(6, agent="curl/8"), "Wait 15 minutes", status_code=422)
        assert len(lockouts.locked(at=timezone.now())) == 1

    def test_ends_when_the_oldest_failures_are_forgotten(self) -> None:
        self.guess(5, agent="Firefox/1")
        past = timezone.now() - timedelta(minutes=10)
        LockedSignIn.objects.update(attempt_time=past)
        self.guess(5, agent="curl/8")

        (lock,) = lockouts.locked(at=timezone.now())

        assert lock.until == past + timedelta(minutes=15)
        assert lockouts.locked(at=lock.until + timedelta(seconds=1)) == []

    def test_unlocks_this_pair_only_and_says_so_in_the_log(self) -> None:
        self.guess(10)
        self.guess(10, network="203.0.113.77")
        self.sign_in_as("charlie")
        self.assertContains(self.client.get(PAGE), "data-seconds-left", count=2)

        form = {"address": "alice@example.com", "network": "203.0.113.9"}
        self.assertContains(self.client.post(f"{PAGE}unlock/", form, follow=True), "Unlocked")

        (lock,) = lockouts.locked(at=timezone.now())
        assert lock.network == "203.0.113.77"
        event = AuditEvent.objects.get(event="admin.unlocked")
        assert event.user == self.charlie.pk
        assert event.facts == {"object_id": str(self.alice.pk)}

    def test_shows_no_rows_with_what_was_posted(self) -> None:
        self.guess(1)
        self.sign_in_as("charlie")
        for name in ("axes_accessattempt_changelist", "axes_accesslog_changelist"):
            with self.assertRaises(NoReverseMatch):
                reverse(f"admin:{name}")
        self.assertContains(self.client.get(PAGE), "Nobody is locked out")
        assert self.client.post(f"{PAGE}unlock/", {"address": "x"}).status_code == 302

    def test_keeps_no_form_of_a_failure(self) -> None:
        form = {"email": "alice@example.com", "auth_secret": "c" * 43, "code": "canary 123456"}
        for _ in range(2):
            self.client.post("/sign-in/?q=canary", form)

        row = AccessAttempt.objects.get()
        assert row.failures_since_start == 2
        assert "canary" not in row.get_data + row.post_data
        assert "ccc" not in row.post_data

    def test_is_for_operators_only(self) -> None:
        self.guess(10)
        form = {"address": "alice@example.com", "network": "203.0.113.9"}
        for client in (self.sign_in_as("bob"), Client()):
            assert client.get(PAGE).status_code == 302
            assert client.post(f"{PAGE}unlock/", form).status_code == 302
        assert len(lockouts.locked(at=timezone.now())) == 1

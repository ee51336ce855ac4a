from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import Client, override_settings
from django.utils import timezone

from accounts.tests.test_account import age_the_proof
from audit.models import AuditEvent
from notifications.models import Notification
from sessions_lock import services
from sessions_lock.models import LockTimeout, SessionActivity
from tests import base

PAGE = "/settings/security/sessions/"
TIMEOUT = f"{PAGE}timeout/"
FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"}


class SessionsCase(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")
        self.other = self.sign_in_as("alice", Client(headers=FIREFOX))

    def row_of(self, client: Client) -> SessionActivity:
        session: Any = client.session
        session.keys()
        row: SessionActivity = session.row
        return row


class ListTests(SessionsCase):
    def test_shows_where_somebody_is_signed_in(self) -> None:
        page = self.client.get(PAGE)

        self.assertContains(page, "Firefox on Linux")
        self.assertContains(page, "127.0.0.1")
        self.assertContains(page, "with password")
        self.assertContains(page, "this one", count=1)

    def test_shows_no_sessions_of_others_and_none_that_ended(self) -> None:
        self.sign_in_as("bob", Client(headers={"User-Agent": "curl/8"}))
        self.other.post("/sign-out/")

        page = self.client.get(PAGE)
        self.assertNotContains(page, "curl")
        self.assertNotContains(page, "Firefox")

    def test_needs_the_same_queries_for_one_and_for_many(self) -> None:
        self.client.get(PAGE)
        with self.assertNumQueries(5):
            self.client.get(PAGE)
        for _ in range(5):
            self.sign_in_as("alice", Client(headers=FIREFOX))
        with self.assertNumQueries(5):
            self.client.get(PAGE)

    def test_is_linked_from_the_security_page(self) -> None:
        page = self.client.get("/settings/security/")

        self.assertContains(page, PAGE)
        self.assertContains(page, "signed in with 2 browsers")
        self.assertContains(page, "after 15 minutes")

    def test_is_closed_to_strangers(self) -> None:
        assert Client().get(PAGE).status_code == 302


class EndTests(SessionsCase):
    def end(self, row: SessionActivity, client: Client | None = None) -> Any:
        return (client or self.client).post(f"{PAGE}{row.pk}/end/")

    def test_holds_from_the_next_request_on(self) -> None:
        assert self.end(self.row_of(self.other)).status_code == 302

        assert self.other.get("/settings/").status_code == 302
        assert self.client.get("/settings/").status_code == 200
        told = Notification.objects.get(kind="sessions_ended")
        assert told.params["count"] == "1"
        event = AuditEvent.objects.get(event="session.ended")
        assert "You ended it from another session" in event.sentence

    def test_says_so_on_the_sign_in_page_of_that_browser(self) -> None:
        self.end(self.row_of(self.other))

        page = self.other.get("/sign-in/")
        self.assertContains(page, "It was ended from another session")
        self.assertNotContains(page, "alice@example.com")

    def test_of_somebody_else_is_not_there(self) -> None:
        bob = self.sign_in_as("bob", Client())

        assert self.end(self.row_of(bob)).status_code == 404
        assert bob.get("/settings/").status_code == 200
        assert AuditEvent.objects.filter(event="access.foreign_object").exists()

    def test_twice_is_no_fault(self) -> None:
        row = self.row_of(self.other)
        self.end(row)

        self.assertContains(self.client.get(self.end(row).headers["Location"]), "ended already")

    def test_of_this_one_locks_it(self) -> None:
        assert self.end(self.row_of(self.client)).headers["Location"] == "/sign-in/"
        assert self.client.get("/settings/").status_code == 302

    def test_of_all_others_leaves_this_one(self) -> None:
        third = self.sign_in_as("alice", Client())
        self.client.post(f"{PAGE}end-others/")

        assert [c.get("/settings/").status_code for c in (self.client, self.other, third)] == [
            200,
            302,
            302,
        ]
        assert Notification.objects.get(kind="sessions_ended").params["count"] == "2"


class TimeoutTests(SessionsCase):
    def choose(self, minutes: int) -> Any:
        return self.client.post(TIMEOUT, {"minutes": str(minutes)})

    def test_acts_on_live_sessions_at_once_when_it_is_lower(self) -> None:
        ago = timezone.now() - timedelta(minutes=6)
        SessionActivity.objects.filter(pk=self.row_of(self.other).pk).update(last_activity_at=ago)
        age_the_proof(self.client)

        assert self.choose(5).headers["Location"] == PAGE

        assert self.other.get("/settings/").status_code == 302
        row = self.row_of(self.client)
        assert row.timeout == timedelta(minutes=5)
        assert row.lock_deadline is not None
        assert row.last_activity_at is not None
        assert row.lock_deadline - row.last_activity_at == timedelta(minutes=5)
        assert AuditEvent.objects.filter(event="session.timeout_chosen").count() == 1

    def test_asks_who_it_is_before_it_gets_longer(self) -> None:
        age_the_proof(self.client)

        assert self.choose(60).headers["Location"].startswith("/confirm/")
        assert not LockTimeout.objects.exists()

    def test_gets_longer_after_a_fresh_proof(self) -> None:
        assert self.choose(60).headers["Location"] == PAGE

        row = self.row_of(self.client)
        assert row.timeout == timedelta(hours=1)
        assert row.lock_deadline is not None
        assert row.lock_deadline > timezone.now() + timedelta(minutes=55)

    def test_holds_for_the_next_sign_in(self) -> None:
        self.choose(10)
        again = self.sign_in_as("alice", Client())

        assert self.row_of(again).timeout == timedelta(minutes=10)
        assert self.row_of(self.sign_in_as("bob", Client())).timeout == timedelta(minutes=15)

    def test_takes_nothing_out_of_bounds(self) -> None:
        for minutes in (0, 1, 4, 61, 1440, -5):
            assert self.choose(minutes).status_code == 422, minutes
        assert not LockTimeout.objects.exists()

    @override_settings(LOCK_MINUTES_LEAST=10, LOCK_MINUTES_MOST=30)
    def test_stays_within_the_bounds_of_the_site(self) -> None:
        for minutes, status in ((5, 422), (45, 422), (10, 302), (30, 302)):
            assert self.choose(minutes).status_code == status, minutes

    @override_settings(LOCK_MINUTES_MOST=10)
    def test_is_cut_by_a_maximum_below_the_default(self) -> None:
        assert self.row_of(self.sign_in_as("bob", Client())).timeout == timedelta(minutes=10)

    def test_never_moves_a_deadline_past_the_absolute_one(self) -> None:
        soon = timezone.now() + timedelta(minutes=20)
        SessionActivity.objects.update(absolute_deadline=soon)

        self.choose(60)

        assert self.row_of(self.client).lock_deadline == soon

    def test_brings_no_ended_session_back(self) -> None:
        row = self.row_of(self.other)
        services.lock(row.pk, at=timezone.now())

        self.choose(60)

        assert self.other.get("/settings/").status_code == 302

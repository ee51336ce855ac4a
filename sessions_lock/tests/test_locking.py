from __future__ import annotations

import random
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.tests.test_access_matrix import addresses
from api.urls import operations
from audit.models import AuditEvent
from sessions_lock import deadlines, ending, services
from sessions_lock.models import SessionActivity
from sessions_lock.store import SessionStore
from sessions_lock.tests.clock import Clock
from tests import base

BACKGROUND = {"X-Background": "1"}
HEARTBEAT = "/session/"
HEARTBEAT_NAME = "sessions_lock:heartbeat"
# Programs are told, and not led.
API = {f"api:{pattern.name}" for pattern in operations} | {"api:openapi"}


class LockingCase(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = self.enterContext(Clock())
        self.sign_in_as("alice")

    def row(self) -> SessionActivity:
        return SessionActivity.objects.get(user=self.alice)

    def beat(self, idle: int | None = None) -> Any:
        if idle is None:
            return self.client.get(HEARTBEAT, headers=BACKGROUND)
        return self.client.post(
            HEARTBEAT, {"idle": idle}, content_type="application/json", headers=BACKGROUND
        )


class DeadlineTests(LockingCase):
    def test_locks_after_fifteen_minutes_to_the_microsecond(self) -> None:
        self.clock.forward(minutes=15, milliseconds=-1)
        assert self.client.get("/codes/", headers=BACKGROUND).status_code == 200

        self.clock.forward(milliseconds=1)
        assert self.client.get("/codes/", headers=BACKGROUND).status_code == 401

    def test_serves_no_request_past_a_random_deadline(self) -> None:
        chance, self.content = random.Random(7), self.row().session_data
        for _ in range(40):
            timeout = chance.randint(5 * 60, 60 * 60)
            offset = chance.choice([-0.001, 0, 0.001, chance.uniform(-timeout, timeout)])
            assert self.is_served(timeout, offset) == (offset < 0), (timeout, offset)

    def is_served(self, timeout: int, offset: float) -> bool:
        """Whether a request is answered `offset` seconds after the deadline of a session."""
        start = self.clock.now
        deadline = start + timedelta(seconds=timeout)
        SessionActivity.objects.update(
            ended_at=None,
            session_data=self.content,
            last_activity_at=start,
            timeout_seconds=timeout,
            lock_deadline=deadline,
            absolute_deadline=start + timedelta(hours=12),
        )
        self.clock.now = deadline + timedelta(seconds=offset)
        status = self.client.get("/codes/", headers=BACKGROUND).status_code
        self.clock.now = start
        assert status in {200, 401}
        return bool(status == 200)

    def test_ends_after_twelve_hours_however_busy(self) -> None:
        for _ in range(12 * 6 - 1):
            self.clock.forward(minutes=10)
            assert self.client.get("/codes/").status_code == 200
        assert deadlines.is_final(self.row())

        self.clock.forward(minutes=10)
        assert self.client.get("/settings/").status_code == 302
        assert self.row().ended_reason == "too old"

    def test_gives_nobody_time_when_the_clock_is_set_back(self) -> None:
        self.clock.forward(hours=-1)

        assert self.client.get("/settings/").status_code == 302

    @override_settings(LOCK_MINUTES_MOST=5)
    def test_holds_sessions_to_a_lower_maximum_of_the_site_at_once(self) -> None:
        SessionActivity.objects.update(
            timeout_seconds=3600, lock_deadline=self.clock.now + timedelta(hours=1)
        )

        self.clock.forward(minutes=5)
        assert self.client.get("/settings/").status_code == 302


class AnswerTests(LockingCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock.forward(minutes=15)

    def test_leads_a_page_to_the_sign_in_and_back(self) -> None:
        response = self.client.get("/settings/?a=1")

        assert response.headers["Location"] == "/sign-in/?next=%2Fsettings%2F%3Fa%3D1"
        assert response.headers["Clear-Site-Data"] == '"cache"'
        assert "session" not in response.cookies

    def test_leads_a_form_back_to_its_page(self) -> None:
        page = "http://testserver/entries/add/?x=1"
        response = self.client.post("/entries/add/text/", headers={"Referer": page})
        assert response.headers["Location"] == "/sign-in/?next=%2Fentries%2Fadd%2F"

    def test_leads_a_form_from_elsewhere_nowhere(self) -> None:
        response = self.client.post("/trash/empty/", headers={"Referer": "https://evil.example/x"})
        assert response.headers["Location"] == "/sign-in/"

    def test_leads_a_form_back_to_its_page_when_the_sweep_came_first(self) -> None:
        ending.sweep(at=self.clock.now)
        headers = {"Referer": "http://testserver/entries/add/"}
        response = self.client.post("/entries/add/text/", headers=headers)
        assert response.headers["Location"] == "/sign-in/?next=/entries/add/"

    def test_tells_a_background_request_401(self) -> None:
        response = self.beat()

        assert response.status_code == 401
        assert response.json() == {"signed_in": False, "locked": True}
        assert response.headers["Clear-Site-Data"] == '"cache"'

    def test_records_the_lock_once(self) -> None:
        for _ in range(3):
            self.client.get("/settings/")

        event = AuditEvent.objects.get(event="session.locked")
        assert event.user == self.alice.pk
        assert event.facts["reason"] == "idle"
        assert self.row().session_data == ""

    def test_says_at_the_sign_in_why_and_who(self) -> None:
        page = self.client.get(self.client.get("/settings/").headers["Location"])

        self.assertContains(page, "Locked after 15 minutes without activity")
        self.assertContains(page, 'value="alice@example.com"')

    def test_says_it_on_the_sign_in_page_itself(self) -> None:
        self.assertContains(self.client.get("/sign-in/"), "Locked after 15 minutes")

    def test_still_says_it_after_the_sign_in_page_has_asked_for_passkeys(self) -> None:
        self.client.get("/settings/")
        old = self.client.cookies["session"].value
        self.client.post("/sign-in/passkey/options/", content_type="application/json")
        assert self.client.cookies["session"].value != old

        page = self.client.get("/sign-in/")
        self.assertContains(page, "Locked after 15 minutes")
        self.assertContains(page, 'value="alice@example.com"')
        base.sign_in(self.client, "alice")
        self.client.post("/sign-out/")
        self.assertNotContains(self.client.get("/sign-in/"), "Locked after")

    def test_tells_a_stranger_nothing(self) -> None:
        self.assertNotContains(Client().get("/sign-in/"), "alice@example.com")

    def test_goes_on_where_it_was(self) -> None:
        self.client.get("/activity/")

        response = base.sign_in(self.client, "alice", next="/activity/")
        assert response.headers["Location"] == "/activity/"
        assert self.client.get("/activity/").status_code == 200

    def test_forgets_who_it_was_after_half_a_day(self) -> None:
        self.client.get("/settings/")
        self.clock.forward(hours=12)

        self.assertNotContains(self.client.get("/sign-in/"), "alice@example.com")

    def test_does_not_prefill_after_a_sign_out(self) -> None:
        base.sign_in(self.client, "alice")
        old = self.client.cookies["session"].value
        self.client.post("/sign-out/")
        self.client.cookies["session"] = old

        self.assertNotContains(self.client.get("/sign-in/"), "alice@example.com")


class EverywhereTests(LockingCase):
    EXEMPT = {"health-live", "health-ready", "accounts:sign-out"}

    def test_answers_no_address_with_a_page_past_the_deadline(self) -> None:
        fixed = {"slug": "github", "table": "low", "app_label": "accounts", "url": "x/"}
        content, count = self.row().session_data, 0
        for name, parts in addresses():
            if name in self.EXEMPT or name == "accounts:sign-in":
                continue
            values = {part: fixed.get(part, self.alice.pk) for part in parts}
            SessionActivity.objects.update(
                ended_at=None, session_data=content, lock_deadline=self.clock.now
            )
            response = self.client.get(reverse(name, kwargs=values))
            is_led = response.headers.get("Location", "").startswith("/sign-in/?next=")
            is_told = name == HEARTBEAT_NAME or name in API
            assert is_led or (is_told and response.status_code == 401), name
            assert self.row().ended_reason == "idle", name
            count += 1
        assert count > 80

    def test_lets_people_sign_out_and_monitors_ask(self) -> None:
        self.clock.forward(hours=1)

        assert self.client.get("/health/live").status_code == 200
        assert self.client.post("/sign-out/").headers["Location"] == "/sign-in/"
        assert ending.sweep(at=self.clock.now) == 1


class ActivityTests(LockingCase):
    def test_is_a_page_somebody_opened(self) -> None:
        self.clock.forward(minutes=10)
        self.client.get("/settings/")

        assert self.row().lock_deadline == self.clock.now + timedelta(minutes=15)

    def test_is_nothing_a_page_does_by_itself(self) -> None:
        before = self.row()
        self.clock.forward(minutes=10)

        self.client.get("/codes/", headers=BACKGROUND)
        self.client.get("/settings/", headers={"Sec-Purpose": "prefetch;prerender"})
        self.client.get("/icons/github.svg", headers={"Sec-Fetch-Dest": "image"})
        self.client.get(HEARTBEAT)
        self.beat()

        assert self.row().lock_deadline == before.lock_deadline
        assert self.row().last_activity_at == before.last_activity_at

    def test_never_comes_from_heartbeats_alone(self) -> None:
        statuses = []
        for _ in range(3 * 30):
            self.clock.forward(seconds=30)
            statuses.append(self.beat().status_code)

        assert statuses == [200] * 29 + [401] * 61

    def test_counts_from_when_the_person_did_something(self) -> None:
        self.clock.forward(seconds=60)
        self.beat(idle=20_000)

        assert self.row().last_activity_at == self.clock.now - timedelta(seconds=20)

    def test_is_written_every_fifteen_seconds_at_most(self) -> None:
        self.clock.forward(seconds=14)
        with CaptureQueriesContext(connection) as queries:
            self.client.get("/settings/")
        assert not [query for query in queries if 'last_activity_at" =' in query["sql"]]
        first = self.row().lock_deadline

        self.clock.forward(seconds=1)
        self.client.get("/settings/")
        assert first == self.clock.now + timedelta(minutes=15, seconds=-15)
        assert self.row().lock_deadline == self.clock.now + timedelta(minutes=15)

    def test_is_reported_by_numbers_only(self) -> None:
        for body in ("", "{}", '{"idle": -1}', '{"idle": true}', '{"idle": "1"}', "[1]", "1" * 999):
            response = self.client.post(
                HEARTBEAT, body, content_type="application/json", headers=BACKGROUND
            )
            assert response.status_code == 400, body

    def test_moves_no_other_session(self) -> None:
        other = self.sign_in_as("alice", Client())
        theirs = SessionStore(other.cookies["session"].value)
        theirs.keys()
        assert theirs.row is not None
        before = theirs.row.lock_deadline
        for _ in range(20):
            self.clock.forward(seconds=45)
            self.client.get("/codes/")

        assert SessionActivity.objects.get(pk=theirs.row.pk).lock_deadline == before
        self.clock.now = before or self.clock.now
        assert other.get("/settings/").status_code == 302
        assert self.client.get("/settings/").status_code == 200

    def test_costs_no_query_besides_the_session(self) -> None:
        key = self.client.cookies["session"].value
        with self.assertNumQueries(1):
            SessionStore(key).keys()
        with CaptureQueriesContext(connection) as throttled:
            self.client.get("/codes/")
        own = [query for query in throttled if "sessions_lock" in query["sql"]]
        assert len(own) == 1, own

    def test_is_one_update_when_it_is_due(self) -> None:
        self.clock.forward(seconds=15)
        with CaptureQueriesContext(connection) as queries:
            self.client.get("/codes/")
        own = [query["sql"] for query in queries if "sessions_lock" in query["sql"]]
        assert [sql.split()[0] for sql in own] == ["SELECT", "UPDATE"], own


class HeartbeatTests(LockingCase):
    def test_says_what_is_left_and_when_to_warn(self) -> None:
        self.clock.forward(minutes=5)

        answer = self.beat().json()

        assert answer["remaining"] == 10 * 60 * 1000
        assert answer["lead"] == 3 * 60 * 1000
        assert answer["final"] is False
        assert answer["now"] == int(self.clock.now.timestamp() * 1000)

    def test_warns_a_fifth_of_the_time_ahead_one_minute_to_five(self) -> None:
        leads = {
            minutes: deadlines.lead(timedelta(minutes=minutes)).total_seconds() / 60
            for minutes in (5, 10, 15, 25, 60)
        }
        assert leads == {5: 1, 10: 2, 15: 3, 25: 5, 60: 5}

    def test_writes_nothing_when_it_only_asks(self) -> None:
        self.clock.forward(minutes=5)
        with CaptureQueriesContext(connection) as queries:
            self.beat()
        assert {query["sql"].split()[0] for query in queries} == {"SELECT"}

    def test_wants_a_session(self) -> None:
        response = Client().get(HEARTBEAT, headers=BACKGROUND)
        assert response.status_code == 401


class LockButtonTests(LockingCase):
    def test_locks_at_once_and_leads_back(self) -> None:
        response = self.client.post("/session/lock/", {"next": "/activity/"})

        assert response.headers["Location"] == "/sign-in/?next=%2Factivity%2F"
        assert response.headers["Clear-Site-Data"] == '"cache"'
        assert self.row().ended_reason == "locked by hand"
        assert self.client.get("/activity/").status_code == 302
        page = self.client.get("/sign-in/")
        self.assertContains(page, 'value="alice@example.com"')
        self.assertNotContains(page, "without activity")

    def test_answers_a_script_with_json(self) -> None:
        response = self.client.post("/session/lock/", headers=BACKGROUND)

        assert response.json() == {"signed_in": False, "locked": True}
        assert AuditEvent.objects.get(event="session.locked").facts["reason"] == "locked by hand"

    def test_is_on_every_page_of_the_site(self) -> None:
        self.assertContains(self.client.get("/settings/"), 'action="/session/lock/"')
        self.assertContains(self.client.get("/settings/"), "data-auto-lock")
        # The pages of one column too, when somebody is signed in.
        self.assertContains(self.client.get("/confirm/"), "data-auto-lock")
        self.assertNotContains(Client().get("/sign-in/"), "data-auto-lock")


class RevivalTests(LockingCase):
    """A request that began before the lock cannot undo it."""

    def test_does_not_bring_back_what_it_read_before(self) -> None:
        slow = SessionStore(self.client.cookies["session"].value)
        slow["word"] = "from a slow request"
        self.clock.forward(minutes=15)
        self.client.get("/settings/")

        with pytest.raises(UpdateError):
            slow.save()
        assert self.row().session_data == ""

    def test_answers_a_slow_page_with_the_sign_in(self) -> None:
        def lock_meanwhile(*_: Any, **__: Any) -> bool:
            services.lock(self.row().pk, at=timezone.now())
            return True

        with mock.patch("accounts.confirmation.is_fresh", side_effect=lock_meanwhile):
            response = self.client.post("/settings/security/sessions/timeout/", {"minutes": "60"})

        assert response.headers["Location"] == "/sign-in/"
        assert self.row().ended_reason == "locked by hand"
        assert self.client.get("/settings/").status_code == 302

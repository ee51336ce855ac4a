from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from audit.models import AuditEvent
from notifications.models import Notification, OutgoingMail
from sessions_lock import operators, services, timeouts
from sessions_lock.models import LockTimeout, SessionActivity
from tests import base

LIST = "/admin/sessions_lock/sessionactivity/"
EVERYBODY = f"{LIST}everybody/"
LIMITS = "/admin/sessions_lock/locktimeout/"


class AdminCase(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("charlie")
        self.alices = [self.sign_in_as("alice", Client()) for _ in range(2)]
        self.bobs = self.sign_in_as("bob", Client())

    def rows(self, user: Any) -> list[SessionActivity]:
        return list(SessionActivity.objects.filter(user=user).order_by("started_at"))

    def act(self, action: str, rows: list[SessionActivity], **words: str) -> Any:
        form = {"action": action, "_selected_action": [str(row.pk) for row in rows], **words}
        return self.client.post(LIST, form)

    def told(self, kind: str) -> list[Any]:
        return [row.user_id for row in Notification.objects.filter(kind=kind)]


class ListTests(AdminCase):
    def test_lists_filters_and_finds(self) -> None:
        services.lock(self.rows(self.bob)[0].pk, at=timezone.now())

        everything = self.client.get(LIST)
        self.assertContains(everything, "alice@example.com", count=2)
        self.assertNotContains(self.client.get(f"{LIST}?state=live"), "bob@example.com")
        self.assertContains(self.client.get(f"{LIST}?state=ended"), "locked by its user")
        self.assertNotContains(self.client.get(f"{LIST}?q=bob"), "alice@example.com")
        self.assertContains(self.client.get(f"{LIST}?q=127.0.0.1"), "alice@example.com")

    def test_shows_neither_content_nor_key(self) -> None:
        row = self.rows(self.alice)[0]
        page = self.client.get(f"{LIST}{row.pk}/change/").content.decode()

        assert "alice@example.com" in page
        assert row.key_hash not in page
        assert row.session_data[:20] not in page

    def test_makes_changes_or_deletes_none(self) -> None:
        row = self.rows(self.alice)[0]
        for path in (f"{LIST}add/", f"{LIST}{row.pk}/delete/"):
            assert self.client.get(path).status_code == 403
        form = {"lock_deadline_0": "2030-01-01", "lock_deadline_1": "00:00"}
        assert self.client.post(f"{LIST}{row.pk}/change/", form).status_code == 403

    def test_is_closed_to_others(self) -> None:
        for client in (Client(), self.bobs):
            for path in (LIST, EVERYBODY, LIMITS):
                assert client.get(path).status_code == 302


class EndTests(AdminCase):
    def test_asks_for_the_reason_first(self) -> None:
        rows = self.rows(self.alice)
        self.assertContains(self.act("end_sessions", rows), "alice@example.com")
        assert self.act("end_sessions", rows, reason=" ").status_code == 422
        assert self.alices[0].get("/settings/").status_code == 200

    def test_ends_a_selection_and_tells_the_user_once(self) -> None:
        self.assertRedirects(self.act("end_sessions", self.rows(self.alice), reason="Stolen"), LIST)

        assert [client.get("/settings/").status_code for client in self.alices] == [302, 302]
        assert self.bobs.get("/settings/").status_code == 200
        assert self.told("session_ended_by_operator") == [self.alice.pk]
        notice = Notification.objects.get(kind="session_ended_by_operator")
        assert notice.params["reason"] == "Stolen"
        assert notice.params["address"] == ""
        events = AuditEvent.objects.filter(event="session.ended", user=self.alice.pk)
        assert [event.facts["operator"] for event in events] == [str(self.charlie.pk)] * 2
        assert OutgoingMail.objects.filter(kind="session_ended_by_operator").count() == 1

    def test_ends_all_of_a_person(self) -> None:
        self.act("end_of_people", self.rows(self.alice)[:1], reason="Stolen")

        assert [client.get("/settings/").status_code for client in self.alices] == [302, 302]
        assert self.bobs.get("/settings/").status_code == 200

    def test_ends_everybodys_but_this_one(self) -> None:
        self.assertContains(self.client.get(EVERYBODY), "End every session")
        for words in ({"reason": "x"}, {"is_sure": "on"}, {}):
            assert self.client.post(EVERYBODY, words).status_code == 422
        assert self.bobs.get("/settings/").status_code == 200

        self.assertRedirects(self.client.post(EVERYBODY, {"is_sure": "on", "reason": "Leak"}), LIST)

        for client in (*self.alices, self.bobs):
            assert client.get("/settings/").status_code == 302
        assert self.client.get("/settings/").status_code == 200
        assert set(self.told("session_ended_by_operator")) == {self.alice.pk, self.bob.pk}
        event = AuditEvent.objects.get(event="session.everybody_locked")
        assert event.user == self.charlie.pk
        assert event.facts["count"] == 3


class ExtendTests(AdminCase):
    def test_moves_the_deadline_and_tells_the_user(self) -> None:
        row = self.rows(self.bob)[0]
        self.assertContains(self.act("extend_sessions", [row]), "Lock in")
        self.act("extend_sessions", [row], minutes="60", reason="A talk")

        after = SessionActivity.objects.get(pk=row.pk).lock_deadline
        assert after is not None
        assert after > timezone.now() + timedelta(minutes=59)
        assert self.told("session_extended") == [self.bob.pk]
        assert AuditEvent.objects.get(event="session.extended").facts["minutes"] == 60

    def test_ends_with_the_session_all_the_same(self) -> None:
        soon = timezone.now() + timedelta(minutes=20)
        SessionActivity.objects.filter(user=self.bob).update(absolute_deadline=soon)

        self.act("extend_sessions", self.rows(self.bob), minutes="60", reason="A talk")

        assert self.rows(self.bob)[0].lock_deadline == soon

    def test_offers_no_other_times(self) -> None:
        before = self.rows(self.bob)[0].lock_deadline
        for minutes in ("0", "61", "600", "forever"):
            words = {"minutes": minutes, "reason": "A talk"}
            assert self.act("extend_sessions", self.rows(self.bob), **words).status_code == 422
        assert self.rows(self.bob)[0].lock_deadline == before

    def test_brings_nothing_back(self) -> None:
        ended, late = self.rows(self.alice)
        services.lock(ended.pk, at=timezone.now())
        SessionActivity.objects.filter(pk=late.pk).update(lock_deadline=timezone.now())

        words = {"minutes": 60, "by": self.charlie, "reason": "x", "at": timezone.now()}
        assert operators.extend([ended.pk, late.pk], **words) == 0  # type: ignore[arg-type]
        assert [client.get("/settings/").status_code for client in self.alices] == [302, 302]

    def test_is_not_shortened_by_what_the_user_does(self) -> None:
        self.act("extend_sessions", self.rows(self.bob), minutes="60", reason="A talk")
        before = self.rows(self.bob)[0].lock_deadline
        SessionActivity.objects.update(last_activity_at=timezone.now() - timedelta(minutes=1))

        self.bobs.get("/settings/")

        assert self.rows(self.bob)[0].lock_deadline == before


class LimitTests(AdminCase):
    def limit(self, minutes: str, reason: str = "Shared desk") -> Any:
        row = LockTimeout.objects.filter(user=self.bob).first()
        path = f"{LIMITS}{row.pk}/change/" if row else f"{LIMITS}add/"
        form = {"user": str(self.bob.pk), "most_minutes": minutes, "reason": reason}
        return self.client.post(path, form)

    def test_acts_at_once_and_tells_the_user(self) -> None:
        self.assertContains(self.client.get(f"{LIMITS}add/"), "Reason")
        assert self.limit("5").status_code == 302

        row = self.rows(self.bob)[0]
        assert row.timeout == timedelta(minutes=5)
        assert self.told("lock_timeout_limited") == [self.bob.pk]
        event = AuditEvent.objects.get(event="session.timeout_limited")
        assert event.facts["operator"] == str(self.charlie.pk)
        self.assertContains(self.client.get(LIMITS), "5 minutes")

    def test_wins_over_what_the_user_chooses(self) -> None:
        self.limit("10")
        LockTimeout.objects.filter(user=self.bob).update(minutes=60)

        assert timeouts.effective(self.bob.pk) == timedelta(minutes=10)
        page = self.bobs.get("/settings/security/sessions/")
        self.assertContains(page, "allows you 10 minutes at most")

    def test_can_be_lifted(self) -> None:
        self.limit("5")
        assert self.limit("").status_code == 302

        assert self.rows(self.bob)[0].timeout == timedelta(minutes=15)

    def test_exempts_nobody(self) -> None:
        for minutes in ("0", "4", "61", "525600", "-1"):
            assert self.limit(minutes).status_code == 200, minutes
        assert not LockTimeout.objects.exists()
        for number in (0, 61):
            with pytest.raises(ValidationError):
                LockTimeout(user=self.bob, most_minutes=number).full_clean()

    def test_wants_a_reason(self) -> None:
        assert self.limit("5", reason="").status_code == 200
        assert not LockTimeout.objects.exists()

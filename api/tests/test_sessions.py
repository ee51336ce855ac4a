from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import Client, override_settings
from django.utils import timezone

from accounts.models import PendingSignIn
from api.tests.making import Program, make_token, problem
from audit import events
from audit.models import AuditEvent
from notifications.models import Notification
from recovery.models import RecoveryCode
from recovery.tests import people
from sessions_lock.models import SessionActivity
from tests import base
from vault.tests.making import NOON, make_entry

RECOVER = "/api/auth/recover"
HEARTBEAT = "/api/session/heartbeat"


class RecoveringTests(base.TestCase):
    codes: tuple[str, ...]

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        people.add_factor(cls.alice)
        cls.codes = people.make_codes(cls.alice)

    def recover(self, client: Client | None = None, **changes: Any) -> Any:
        body = {
            "email": "alice@example.com",
            "auth_secret": base.posted_secret("alice"),
            "code": self.codes[0],
            **changes,
        }
        client = client or self.client
        return client.post(RECOVER, body, content_type="application/json")

    def used(self) -> int:
        return RecoveryCode.objects.exclude(used_at=None).count()

    def test_starts_the_session_of_the_pages(self) -> None:
        make_entry(self.alice, 1)
        client = Client(enforce_csrf_checks=True)
        answer = self.recover(client)

        told = answer.json()
        assert answer.status_code == 200, told
        assert told["is_restricted"] is True
        assert told["codes_left"] == 9
        assert 14 * 60_000 < told["session"]["remaining"] <= 15 * 60_000
        assert client.session["amr"] == ["pwd", "recovery"]
        self.assertContains(client.get("/"), "GitHub")
        row = SessionActivity.objects.get(user=self.alice)
        assert (row.amr, row.address) == (["pwd", "recovery"], "127.0.0.1")

    def test_is_recorded_and_told_like_the_page(self) -> None:
        self.recover()

        recorded = set(
            AuditEvent.objects.filter(user=self.alice.pk).values_list("event", flat=True)
        )
        assert {events.SESSION_STARTED, events.RECOVERY_REDEEMED} <= recorded
        kinds = set(Notification.objects.values_list("kind", flat=True))
        assert "recovery_code_used" in kinds

    def test_hands_out_the_token_that_posts_need(self) -> None:
        client = Client(enforce_csrf_checks=True)
        csrf = self.recover(client).json()["csrf_token"]

        refused = client.post(HEARTBEAT, {"idle": 0}, content_type="application/json")
        assert problem(refused) == "form-token-missing"
        passed = client.post(
            HEARTBEAT,
            {"idle": 0},
            content_type="application/json",
            headers={"X-CSRFToken": csrf},
        )
        assert passed.status_code == 200

    def test_uses_a_code_up_once(self) -> None:
        assert self.recover().status_code == 200
        again = self.recover(Client())

        assert problem(again) == "sign-in-refused"
        assert self.used() == 1

    def test_says_the_same_of_a_wrong_password_and_a_wrong_code(self) -> None:
        wrongs = [
            self.recover(Client(), auth_secret=base.posted_secret("bob")),
            self.recover(Client(), code=people.WRONG),
            self.recover(Client(), email="nobody@example.com"),
        ]

        assert {problem(each) for each in wrongs} == {"sign-in-refused"}
        assert len({each.content for each in wrongs}) == 1
        assert self.used() == 0

    def test_leaves_nothing_half_signed_in(self) -> None:
        client = Client()
        self.recover(client, code=people.WRONG)

        assert PendingSignIn.objects.filter(user=self.alice, completed_at=None).exists()
        assert client.get(people.PRESENT)["Location"].startswith("/sign-in/")
        assert client.get("/sign-in/code/")["Location"].startswith("/sign-in/")

    def test_shares_the_limits_of_the_page(self) -> None:
        for _ in range(3):
            self.recover(Client(), code=people.WRONG)
        for _ in range(2):
            people.show(Client(), "alice", people.WRONG)
        answer = self.recover(Client())

        assert problem(answer) == "too-many-requests"
        assert int(answer["Retry-After"]) > 3000
        assert self.used() == 0

    def test_locks_out_who_guesses_the_password(self) -> None:
        for _ in range(10):
            self.recover(Client(), auth_secret=base.posted_secret("bob"))

        assert problem(self.recover(Client())) == "too-many-requests"
        assert self.used() == 0

    def test_is_stopped_by_what_stops_a_sign_in(self) -> None:
        client = Client()
        with override_settings(SIGN_IN_CHECKS=["api.tests.test_sessions.lead_away"]):
            answer = self.recover(client)

        assert problem(answer) == "further-step-needed"
        assert answer.json()["continue_at"] == "/sign-in/verify/"
        assert self.used() == 0
        assert client.get("/trash/")["Location"].startswith("/sign-in/")

    @override_settings(OIDC_ISSUER="http://127.0.0.1:9", OIDC_CLIENT_ID="x", OIDC_ONLY=True)
    def test_is_closed_where_passwords_are(self) -> None:
        assert problem(self.recover()) == "forbidden"
        assert self.used() == 0

    def test_takes_no_request_of_another_site(self) -> None:
        body = '{"email": "alice@example.com"}'
        for kind in ("text/plain", "application/x-www-form-urlencoded"):
            answer = self.client.post(RECOVER, body, content_type=kind)
            assert problem(answer) == "not-json"
        origin = {"Origin": "https://evil.example"}
        answer = self.client.post(RECOVER, body, content_type="application/json", headers=origin)
        assert problem(answer) == "form-token-missing"

    def test_takes_no_password(self) -> None:
        for secret in ("my own password, which is of no concern to", "é" * 43, "A" * 42 + "/"):
            answer = self.recover(auth_secret=secret)
            assert problem(answer) == "not-valid"
            assert secret not in answer.content.decode()

    def test_is_for_who_is_signed_out(self) -> None:
        self.sign_in_as("bob")

        assert problem(self.recover()) == "conflict"
        assert self.used() == 0


def lead_away(request: Any, pending: Any, *, at: Any) -> str | None:
    return "/sign-in/verify/"


class HeartbeatTests(base.TestCase):
    def row(self) -> SessionActivity:
        return SessionActivity.objects.get(user=self.alice)

    def test_tells_how_long_the_session_lives(self) -> None:
        self.sign_in_as("alice")

        told = self.client.get(HEARTBEAT).json()
        assert set(told) == {"remaining", "lead", "minutes", "final", "now"}
        assert told["minutes"] == 15

    def test_looking_extends_nothing(self) -> None:
        self.sign_in_as("alice")
        SessionActivity.objects.update(last_activity_at=NOON)
        before = self.row().lock_deadline
        self.client.get(HEARTBEAT)

        assert self.row().last_activity_at == NOON
        assert self.row().lock_deadline == before

    def test_a_report_of_activity_does(self) -> None:
        self.sign_in_as("alice")
        now = timezone.now()
        SessionActivity.objects.update(
            last_activity_at=now - timedelta(minutes=5), lock_deadline=now + timedelta(minutes=10)
        )
        before = self.row().lock_deadline
        answer = self.client.post(HEARTBEAT, {"idle": 1000}, content_type="application/json")

        assert answer.status_code == 200
        assert self.row().lock_deadline > before  # type: ignore[operator]

    def test_refuses_what_is_no_time(self) -> None:
        self.sign_in_as("alice")
        for idle in (-1, 10**9 + 1, "x", None, 1.5):
            answer = self.client.post(HEARTBEAT, {"idle": idle}, content_type="application/json")
            assert problem(answer) == "not-valid", idle

    def test_tells_who_is_signed_out_and_who_is_locked(self) -> None:
        assert problem(self.client.get(HEARTBEAT)) == "not-signed-in"
        self.sign_in_as("alice")
        SessionActivity.objects.update(lock_deadline=timezone.now())

        locked = self.client.get(HEARTBEAT)
        assert problem(locked) == "session-locked"
        assert locked["Clear-Site-Data"] == '"cache"'
        assert self.row().ended_reason == "idle"

    def test_is_not_for_tokens(self) -> None:
        _, token = make_token(self.alice)
        self.sign_in_as("alice")

        assert problem(Program(token).get(HEARTBEAT)) == "not-signed-in"
        both = self.client.get(HEARTBEAT, headers={"Authorization": f"Bearer {token}"})
        assert problem(both) == "not-signed-in"

    @override_settings(SECOND_FACTOR="all", SECOND_FACTOR_GRACE_DAYS=0)
    def test_says_that_a_second_factor_is_demanded(self) -> None:
        base.sign_in(self.client, "alice")

        for headers in ({}, {"X-Background": "1"}):
            answer = self.client.get(HEARTBEAT, headers=headers)
            assert problem(answer) == "factor-needed"
            assert answer.json()["continue_at"] == "/settings/security/enrol/"

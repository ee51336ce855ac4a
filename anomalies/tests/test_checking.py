"""The check at sign-in: scored, decided, and a further proof where one is asked for."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from unittest import mock

from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import factors
from accounts.models import PendingSignIn
from accounts.totp import services as totp
from anomalies import past, rules
from anomalies.models import AlertSent, LoginAttempt, ReviewCase, RuleFault, SignInGrant
from anomalies.tests import people, places
from anomalies.tests.people import AWAY, HELD, HOME, MAIL, VERIFY
from audit.models import AuditEvent
from core import otp
from notifications.models import Notification, NotificationPreference
from recovery.tests import people as recovery

Outcome, Decision = LoginAttempt.Outcome, LoginAttempt.Decision


class RecordingTests(people.TestCase):
    def test_records_a_sign_in_with_its_place(self) -> None:
        self.come("alice", HOME)

        row = LoginAttempt.objects.get()
        assert (row.outcome, row.stage, row.methods) == (Outcome.SIGNED_IN, "check", ["pwd"])
        assert (row.place, row.country, row.accuracy_radius) == ("Berlin, Germany", "DE", 20)
        assert (row.system_number, row.system_name) == (64500, "Example Telecom")
        assert (row.score, row.level, row.findings, row.is_verified) == (0, "low", [], True)

    def test_records_what_was_refused(self) -> None:
        client = Client(HTTP_X_FORWARDED_FOR=HOME)
        client.post("/sign-in/", {"email": "alice@example.com", "auth_secret": "A" * 43})
        client.post("/sign-in/", {"email": "nobody@example.com", "auth_secret": "A" * 43})
        client.post("/sign-in/", {"email": "NOBODY@example.com", "auth_secret": "A" * 43})

        rows = list(LoginAttempt.objects.order_by("at"))
        assert [row.outcome for row in rows] == [Outcome.REFUSED] * 3
        assert [row.stage for row in rows] == ["password"] * 3
        assert rows[0].user == self.alice
        assert rows[1].user is None
        assert rows[1].unknown_address == rows[2].unknown_address != ""
        assert "nobody" not in rows[1].unknown_address

    def test_records_a_wrong_second_factor_and_a_sign_in_that_was_left(self) -> None:
        recovery.add_factor(self.alice)
        client, _ = self.come("alice", HOME)
        client.post("/sign-in/code/", {"code": "000000"})

        begun, refused = LoginAttempt.objects.order_by("at")
        assert (begun.outcome, begun.stage) == (Outcome.UNFINISHED, "pwd")
        assert (refused.outcome, refused.stage, refused.user) == (
            Outcome.REFUSED,
            "totp",
            self.alice,
        )

    def test_rounds_coordinates(self) -> None:
        self.come("alice", places.MUNICH)

        row = LoginAttempt.objects.get()
        assert (row.latitude, row.longitude) == (48.1, 11.6)

    def test_learns_a_browser(self) -> None:
        client = self.settle_in("alice")
        people.leave(client)

        self.come("alice", HOME, client)

        assert people.newest().is_known_browser
        assert client.cookies["browser"]["httponly"]

    def test_evaluates_no_place_of_a_private_address(self) -> None:
        client = Client(HTTP_X_FORWARDED_FOR="10.1.2.3")
        self.come("alice", "10.1.2.3", client)

        row = people.newest()
        assert row.place == ""
        assert row.unevaluated["impossible_travel"] == "place"
        assert row.unevaluated["new_country"] == "country"
        assert any("not evaluated" in text for text in row.missing)


class DecisionTests(people.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.prove_address(self.alice)

    def go_away(self, client: Client | None = None) -> Client:
        """Singapore an hour after Berlin."""
        self.settle_in("alice")
        client, response = self.come("alice", AWAY, client)
        assert response.headers["Location"] == VERIFY
        return client

    def test_asks_for_a_further_proof_after_an_impossible_journey(self) -> None:
        client = self.go_away()

        row = people.newest()
        assert [finding["rule"] for finding in row.findings] == [
            "impossible_travel",
            "new_country",
            "new_browser",
        ]
        assert (row.score, row.level) == (100, "high")
        assert row.score == row.recomputed_score
        assert (row.outcome, row.decision) == (Outcome.WAITING, Decision.VERIFY)
        assert client.get("/activity/").status_code == 302
        page = client.get(VERIFY).content.decode()
        assert "A code by mail" in page
        assert "Singapore" in page

    def test_lets_in_with_a_mailed_code(self) -> None:
        client = self.go_away()
        client.post(f"{MAIL}send/")
        assert client.get(MAIL).status_code == 200

        response = client.post(MAIL, {"code": people.mailed_code()})

        assert response.headers["Location"] == "/"
        row = people.newest()
        assert (row.outcome, row.further, row.is_vouched_for) == (Outcome.SIGNED_IN, "mail", True)
        assert client.get("/activity/").status_code == 200

    def test_lets_nobody_in_with_another_code(self) -> None:
        client = self.go_away()
        client.post(f"{MAIL}send/")

        for _ in range(5):
            assert client.post(MAIL, {"code": "00000000"}).status_code == 422
        assert client.post(MAIL, {"code": people.mailed_code()}).status_code == 422
        assert client.get("/activity/").status_code == 302

    def test_a_code_belongs_to_its_browser(self) -> None:
        client = self.go_away()
        client.post(f"{MAIL}send/")
        code = people.mailed_code()
        other, response = self.come("alice", AWAY)
        assert response.headers["Location"] == VERIFY

        other.post(MAIL, {"code": code})
        assert other.get("/activity/").status_code == 302
        # The pending sign-in itself, carried to a browser without its cookie.
        key = client.cookies["session"].value
        thief = Client(HTTP_X_FORWARDED_FOR=AWAY)
        thief.cookies["session"] = key
        assert thief.post(MAIL, {"code": code}).status_code == 422

    def test_a_code_ends_after_ten_minutes(self) -> None:
        client = self.go_away()
        client.post(f"{MAIL}send/")
        PendingSignIn.objects.update(expires_at=timezone.now() + timedelta(hours=1))

        with people.at_time(timezone.now() + timedelta(minutes=10, seconds=1)):
            response = client.post(MAIL, {"code": people.mailed_code()})

        assert response.status_code == 422

    def test_a_new_code_ends_the_one_before(self) -> None:
        client = self.go_away()
        client.post(f"{MAIL}send/")
        first = people.mailed_code()
        client.post(f"{MAIL}send/")

        assert client.post(MAIL, {"code": first}).status_code == 422
        assert client.post(MAIL, {"code": people.mailed_code()}).headers["Location"] == "/"

    def test_mails_no_code_to_an_address_that_is_not_proven(self) -> None:
        self.settle_in("bob")
        recovery.add_factor(self.bob)
        client = self.settle_in_with_code("bob", AWAY)

        client.post(f"{MAIL}send/")

        assert people.mails("sign_in_code") == []

    def settle_in_with_code(self, name: str, address: str) -> Client:
        """Password and authenticator app."""
        client, response = self.come(name, address)
        assert response.headers["Location"] == "/sign-in/code/"
        client.post("/sign-in/code/", {"code": current_code()})
        return client

    def test_asks_for_a_factor_that_was_not_shown_yet(self) -> None:
        self.settle_in("alice")
        recovery.add_factor(self.alice)
        codes = recovery.make_codes(self.alice)
        client = self.settle_in_with_code("alice", AWAY)

        page = client.get(VERIFY).content.decode()
        assert "/sign-in/backup-code/" in page
        assert "/sign-in/code/" not in page
        totp_again = client.post("/sign-in/code/", {"code": current_code(steps=1)})
        assert totp_again.headers["Location"] == VERIFY
        response = client.post("/sign-in/backup-code/", {"code": codes[0]})

        assert response.headers["Location"] == "/settings/security/enrol/"
        assert people.newest().further == "recovery"

    def test_a_trusted_browser_spares_the_code_and_not_the_check(self) -> None:
        recovery.add_factor(self.alice)
        client, _ = self.come("alice", HOME)
        client.post("/sign-in/code/", {"code": current_code(), "trust": "on"})
        people.leave(client)

        client, response = self.come("alice", AWAY, client)

        assert response.headers["Location"] == VERIFY
        assert "/sign-in/code/" in client.get(VERIFY).content.decode()
        assert people.newest().is_trusted_browser
        response = client.post("/sign-in/code/", {"code": current_code(steps=1)})
        assert response.headers["Location"] == "/"

    def test_tells_of_a_medium_risk_and_lets_in(self) -> None:
        self.settle_in("alice", ago=timedelta(days=3))

        _, response = self.come("alice", AWAY)

        row = people.newest()
        assert response.headers["Location"] == "/"
        assert (row.score, row.level, row.decision) == (55, "medium", Decision.TELL)
        assert Notification.objects.filter(kind="unusual_sign_in_medium").count() == 1
        assert ReviewCase.objects.get().level == "medium"

    def test_an_alert_takes_the_place_of_the_ordinary_note(self) -> None:
        self.settle_in("alice", ago=timedelta(days=3))
        people.leave_no_mails()

        self.come("alice", AWAY)

        assert people.mailed_kinds() == ["unusual_sign_in_medium"]

    def test_the_ordinary_note_goes_out_where_no_alert_is_mailed(self) -> None:
        self.settle_in("alice", ago=timedelta(days=3))
        people.leave_no_mails()
        NotificationPreference.objects.create(
            user=self.alice, kind="unusual_sign_in_medium", in_app=True, mail=False
        )

        self.come("alice", AWAY)

        assert people.mailed_kinds() == ["new_sign_in"]

    def test_says_that_a_stopped_sign_in_went_through_after_all(self) -> None:
        client = self.go_away()
        client.post(f"{MAIL}send/")
        code = people.mailed_code()
        people.leave_no_mails()

        client.post(MAIL, {"code": code})

        assert people.mailed_kinds() == ["new_sign_in"]

    def test_tells_once_a_day_and_rule(self) -> None:
        self.go_away()
        for _ in range(3):
            self.come("alice", AWAY)

        assert Notification.objects.filter(kind="unusual_sign_in_high").count() == 1
        assert AlertSent.objects.count() == 3
        with people.at_time(timezone.now() + timedelta(days=1)):
            now = timezone.now()
            LoginAttempt.objects.filter(is_verified=True).update(at=now, seen_at=now)
            self.come("alice", AWAY)
        assert Notification.objects.filter(kind="unusual_sign_in_high").count() == 2

    def test_an_alert_says_what_when_where_why_and_what_to_do(self) -> None:
        self.go_away()

        (alert,) = people.mails("unusual_sign_in_high")
        for words in ("Singapore", AWAY, "km away, in Berlin", "further proof", "This wasn't me"):
            assert words in alert["text"]
        assert "//" not in alert["text"]
        assert base64.b64decode(alert["picture"]).startswith(b"\x89PNG")
        assert "cid:picture" in alert["html"]
        assert "<a " not in alert["html"]

    def test_asks_again_when_the_sign_in_goes_on_from_elsewhere(self) -> None:
        self.settle_in("alice")
        recovery.add_factor(self.alice)
        client, _ = self.come("alice", HOME)
        client.defaults["HTTP_X_FORWARDED_FOR"] = AWAY

        response = client.post("/sign-in/code/", {"code": current_code()})

        assert response.headers["Location"] == VERIFY

    def test_holds_where_nothing_is_at_hand(self) -> None:
        self.settle_in("bob")

        client, response = self.come("bob", AWAY)

        assert response.headers["Location"] == HELD
        assert "Ask an operator" in client.get(HELD).content.decode()
        grant = SignInGrant.objects.get()
        assert grant.opens_at is not None
        assert Notification.objects.filter(user=self.bob, kind="sign_in_held").count() == 1
        assert Notification.objects.filter(user=self.charlie, kind="sign_in_to_review").count() == 1

    @override_settings(ANOMALIES_BLOCK_AT=90)
    def test_refuses_outright_where_the_operator_wants_that(self) -> None:
        self.settle_in("alice")

        client, response = self.come("alice", AWAY)

        assert response.headers["Location"] == people.BLOCKED
        assert client.get(people.BLOCKED).status_code == 403
        assert people.newest().outcome == Outcome.BLOCKED
        assert client.get(reverse("accounts:second-factor")).headers["Location"] == people.BLOCKED

    def test_is_recorded_in_the_log(self) -> None:
        self.go_away()

        event = AuditEvent.objects.get(event="session.unusual")
        assert event.facts == {"score": 100, "decision": "verify"}


class StartTests(people.TestCase):
    def test_judges_anew_when_the_session_did_not_start(self) -> None:
        recovery.add_factor(self.alice)
        client, _ = self.come("alice", HOME)
        app = type(factors.second_factor("totp"))

        with (
            mock.patch.object(app, "consume", side_effect=factors.ProofRefused),
            self.assertRaises(factors.ProofRefused),
        ):
            client.post("/sign-in/code/", {"code": current_code()})
        row = people.newest()
        assert (row.outcome, row.score, row.is_verified) == (Outcome.UNFINISHED, None, False)

        response = client.get(reverse("accounts:second-factor"))

        assert response.headers["Location"] == "/"
        row = people.newest()
        assert (row.outcome, row.score, row.is_verified) == (Outcome.SIGNED_IN, 0, True)


class WorkTests(people.TestCase):
    """What the check adds to a sign-in does not grow with what is stored."""

    def asked(self) -> list[str]:
        """What the database is asked for the check at one more sign-in, without any finding."""
        with CaptureQueriesContext(connection) as queries:
            _, response = self.come("alice", HOME, people.leave(self.browser))
        assert response.headers["Location"] == "/"
        assert people.newest().findings == []
        return [
            query["sql"].split()[0]
            for query in queries.captured_queries
            if "anomalies_" in query["sql"]
        ]

    def test_asks_as_often_beside_many_attempts_as_beside_few(self) -> None:
        self.browser = self.settle_in("alice")
        before = self.asked()
        assert before == ["INSERT", "SELECT", "SELECT", "SELECT", "UPDATE"]

        now = timezone.now()
        key = LoginAttempt.objects.filter(is_verified=True).values_list("browser_key", flat=True)[0]
        for number in range(300):
            at = now - timedelta(minutes=number)
            people.make_attempt(self.alice, at=at, browser_key=key)
            people.make_attempt(self.bob, at=at, outcome="refused", is_verified=False, network="x")

        assert self.asked() == before

    def test_is_met_by_indexes(self) -> None:
        for plan in self.plans():
            scans = [line for line in plan if re.search(r"Seq Scan|^SCAN anomalies", line)]
            assert scans == [], plan

    def plans(self) -> list[list[str]]:
        """How the database goes about each statement; a small table is read as a large one."""
        asked = {
            "user": past._id(self.alice.pk),
            "browser": "b",
            "country": "DE",
            "country_since": past._time(timezone.now()),
            "network": HOME,
            "failed_since": past._time(timezone.now()),
            "failures": 5,
            "since": past._time(timezone.now()),
        }
        is_postgresql = connection.vendor == "postgresql"
        found = []
        with connection.cursor() as cursor:
            if is_postgresql:
                cursor.execute("SET LOCAL enable_seqscan = off")
            for statement in (past.SIGNS, past.RECENTLY, past.VOUCHED):
                values = {name: asked[name] for name in asked if f"%({name})s" in statement}
                explain = "EXPLAIN" if is_postgresql else "EXPLAIN QUERY PLAN"
                cursor.execute(f"{explain} {statement}", values)
                found.append([str(row[0 if is_postgresql else 3]) for row in cursor.fetchall()])
        return found


class FaultTests(people.TestCase):
    def test_a_rule_that_fails_keeps_nobody_out(self) -> None:
        self.settle_in("alice")
        broken = {**rules.RULES, "new_country": mock.Mock(side_effect=ZeroDivisionError)}

        with mock.patch.object(rules, "RULES", broken):
            _, response = self.come("alice", HOME)

        assert response.headers["Location"] == "/"
        assert people.newest().unevaluated["new_country"] == "fault"
        assert RuleFault.objects.get().count == 1

    def test_a_fact_that_cannot_be_gathered_hides_no_other(self) -> None:
        self.settle_in("alice")
        with mock.patch("core.geo.network_of", side_effect=RuntimeError):
            _, response = self.come("alice", AWAY)

        assert response.headers["Location"] == HELD
        assert people.newest().unevaluated["hosting_network"] == "network"

    def test_goes_on_without_a_database(self) -> None:
        with override_settings(GEOIP_CITY_DATABASE="", GEOIP_ASN_DATABASE=""):
            self.settle_in("alice")
            _, response = self.come("alice", AWAY)

        assert response.headers["Location"] == "/"
        assert people.newest().unevaluated["impossible_travel"] == "place"


def current_code(*, steps: int = 0) -> str:
    now = int(timezone.now().timestamp())
    return otp.totp(b"a shared secret of 20", now + steps * totp.PERIOD)

"""The operators' queue: filters, pages, and one effect for each case."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from anomalies import cases, grants
from anomalies.models import LoginAttempt, PasswordDemand, ReviewCase, RuleFault, SignInGrant
from anomalies.tests import people
from anomalies.tests.people import AWAY, HELD, HOME
from audit.models import AuditEvent
from notifications.models import Notification

QUEUE = "/admin/anomalies/reviewcase/"
DEMANDS = "/admin/anomalies/passworddemand/"


class QueueTests(people.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.bobs = self.settle_in("bob")
        self.browser, response = self.come("bob", AWAY)
        assert response.headers["Location"] == HELD
        self.case = ReviewCase.objects.get()
        self.operator = self.sign_in_as("charlie", Client())

    def decide(self, deed: str, reason: str = "He rang me.") -> Any:
        return self.operator.post(f"{QUEUE}{self.case.pk}/decide/{deed}/", {"reason": reason})

    def state(self) -> str:
        self.case.refresh_from_db()
        return self.case.state

    def test_lists_and_filters(self) -> None:
        for query in (
            "",
            "?level__exact=high&state__exact=open&country=SG",
            "?rule=impossible_travel",
            "?q=bob",
            "?user=bob%40example.com",
            f"?opened_at__year={timezone.now().year}",
        ):
            page = self.operator.get(f"{QUEUE}{query}").content.decode()
            assert "bob@example.com" in page, query
            assert "Impossible journey" in page
        for query in ("?level__exact=medium", "?rule=hosting_network", "?q=nobody", "?user=x"):
            page = self.operator.get(f"{QUEUE}{query}").content.decode()
            assert f"{self.case.pk}/change" not in page, query

    def test_shows_a_case_with_timeline_and_map(self) -> None:
        page = self.operator.get(f"{QUEUE}{self.case.pk}/change/").content.decode()

        for words in ("Singapore", "Berlin", "km away", "Approve held sign-in", "<circle"):
            assert words in page
        assert page.count("<circle") == 2

    def test_wants_a_reason(self) -> None:
        assert self.decide("safe", reason=" ").status_code == 422
        assert self.state() == "open"

    def test_approves_a_held_sign_in(self) -> None:
        self.decide("approved")

        assert self.state() == "approved"
        assert (self.case.closed_by, self.case.reason) == ("charlie@example.com", "He rang me.")
        assert self.come("bob", AWAY, self.browser)[1].headers["Location"] == "/"

    def test_marks_a_sign_in_safe(self) -> None:
        self.decide("safe")

        assert self.state() == "safe"
        self.case.attempt.refresh_from_db()
        assert self.case.attempt.confirmed_at is not None
        assert AuditEvent.objects.filter(event="admin.case_marked_safe").count() == 1

    def test_closes_a_compromised_account_until_its_password_is_new(self) -> None:
        self.decide("compromised")

        assert self.state() == "compromised"
        assert self.bobs.get("/activity/").status_code == 302
        assert self.come("bob", HOME)[1].headers["Location"] == people.NEW_PASSWORD
        told = Notification.objects.get(kind="account_closed_until_new_password")
        assert told.user == self.bob
        assert "He rang me." in told.sentence
        assert SignInGrant.objects.get().stopped_at is not None

    def test_lifts_the_demand_with_a_reason(self) -> None:
        self.decide("compromised")
        row = PasswordDemand.objects.get()
        post = {"action": "lift", "_selected_action": str(row.pk)}
        assert "Reason" in self.operator.post(DEMANDS, post).content.decode()

        self.operator.post(DEMANDS, {**post, "reason": "A new phone."})

        assert self.come("bob", HOME)[1].headers["Location"] == "/"

    def test_has_one_effect_on_a_double_click(self) -> None:
        for _ in range(2):
            self.decide("compromised")
        self.decide("safe")

        assert self.state() == "compromised"
        assert PasswordDemand.objects.count() == 1
        assert Notification.objects.filter(kind="account_closed_until_new_password").count() == 1
        assert AuditEvent.objects.filter(event="account.compromised").count() == 1

    def test_leaves_a_case_open_when_nothing_is_held_any_more(self) -> None:
        grants.stop_all(self.bob.pk, at=timezone.now())

        self.decide("approved")

        assert self.state() == "open"

    def test_knows_no_other_deed(self) -> None:
        assert self.decide("delete").status_code == 404
        assert self.operator.get(f"{QUEUE}{self.case.pk}/decide/safe/").status_code == 405

    def test_is_closed_to_others(self) -> None:
        stranger = self.sign_in_as("alice", Client())

        for path in ("", f"{self.case.pk}/change/", "report/", "report/cases.csv"):
            assert stranger.get(f"{QUEUE}{path}").status_code == 302
        assert (
            stranger.post(f"{QUEUE}{self.case.pk}/decide/safe/", {"reason": "x"}).status_code == 302
        )
        assert self.state() == "open"

    def test_shows_a_report(self) -> None:
        RuleFault.objects.create(rule="new_country", day=timezone.now().date(), count=3)
        self.decide("safe")

        page = self.operator.get(f"{QUEUE}report/").content.decode()

        for words in ("False alarms: 1 of 1", "Singapore", AWAY, "Impossible journey", "<circle"):
            assert words in page

    def test_hands_tables_out_as_csv(self) -> None:
        LoginAttempt.objects.filter(user=self.bob).update(city="=cmd()")

        response = self.operator.get(QUEUE)
        for table in ("days", "addresses", "countries", "faults", "cases", "attempts"):
            response = self.operator.get(f"{QUEUE}report/{table}.csv")
            assert response.headers["Content-Type"].startswith("text/csv")
        assert b"'=cmd()" in response.content
        assert self.operator.get(f"{QUEUE}report/other.csv").status_code == 404

    def test_lists_attempts_and_shows_one(self) -> None:
        attempts = "/admin/anomalies/loginattempt/"

        assert "Singapore" in self.operator.get(attempts).content.decode()
        page = self.operator.get(f"{attempts}{self.case.attempt_id}/change/").content.decode()
        assert "km away" in page
        assert "Save" not in page

    def test_opens_a_case_again_when_the_user_objects(self) -> None:
        self.decide("safe")

        cases.file(self.case.attempt, origin="denied", at=timezone.now(), reopens=True)

        assert self.state() == "open"
        assert ReviewCase.objects.count() == 1

    def test_forgets_old_ones_in_the_report(self) -> None:
        old = timezone.now() - timedelta(days=31)
        ReviewCase.objects.update(opened_at=old)
        self.decide("safe")

        assert "No case was decided." in self.operator.get(f"{QUEUE}report/").content.decode()

"""A session that turns up impossibly far away, and the one that stays at home."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import Client, RequestFactory, override_settings
from django.utils import timezone

from anomalies import jumps
from anomalies.models import LoginAttempt
from anomalies.tests import people, places
from anomalies.tests.people import AWAY, HOME
from notifications.models import Notification
from tests import base

CONFIRM = "/confirm/"


class JumpTests(people.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.browser, _ = self.come("alice", HOME)

    def ask(self, address: str, path: str = "/activity/", client: Client | None = None) -> Any:
        client = client or self.browser
        return client.get(path, HTTP_X_FORWARDED_FOR=address)

    def confirm(self, address: str, client: Client | None = None) -> None:
        form = {"auth_secret": base.posted_secret("alice"), "next": "/activity/"}
        client = client or self.browser
        response = client.post(CONFIRM, form, HTTP_X_FORWARDED_FOR=address)
        assert response.headers["Location"] == "/activity/"

    def thief(self) -> Client:
        """Somebody with a copy of the session's cookie and of nothing else."""
        client = Client()
        client.cookies["session"] = self.browser.cookies["session"].value
        return client

    def test_asks_to_confirm_before_going_on(self) -> None:
        response = self.ask(AWAY)

        assert response.headers["Location"].startswith("/confirm/?next=%2Factivity%2F")
        assert self.ask(AWAY, "/").status_code == 302
        row = people.newest()
        assert (row.stage, row.outcome, row.findings[0]["rule"]) == (
            "session",
            "waiting",
            "impossible_travel",
        )
        assert Notification.objects.filter(kind="unusual_sign_in_high").count() == 1

    def test_goes_on_once_it_is_confirmed(self) -> None:
        self.ask(AWAY)
        self.confirm(AWAY)

        assert self.ask(AWAY).status_code == 200
        assert people.newest().outcome == LoginAttempt.Outcome.SIGNED_IN
        assert self.ask(HOME).status_code == 200
        assert self.ask(AWAY).status_code == 200

    def test_a_page_asking_by_itself_gets_nothing_either(self) -> None:
        response = self.browser.get(
            "/codes/", HTTP_X_FORWARDED_FOR=AWAY, headers={"X-Background": "1"}
        )

        assert response.status_code == 403
        assert self.browser.get("/codes/", headers={"X-Background": "1"}).status_code == 200

    def test_a_deed_from_there_is_not_done(self) -> None:
        response = self.browser.post(
            "/categories/add/", {"name": "Theirs"}, HTTP_X_FORWARDED_FOR=AWAY
        )

        assert response.headers["Location"].startswith(CONFIRM)

    def test_the_owner_at_home_goes_on_while_a_thief_is_asked(self) -> None:
        thief = self.thief()
        assert self.ask(AWAY, client=thief).headers["Location"].startswith(CONFIRM)

        assert self.ask(HOME).status_code == 200
        assert self.ask(AWAY, client=thief).status_code == 302

    def test_the_owner_who_confirms_takes_the_session_away_from_the_thief(self) -> None:
        thief = self.thief()
        self.ask(AWAY, client=thief)

        self.confirm(HOME)

        assert self.ask(HOME).status_code == 200
        response = self.ask(AWAY, client=thief)
        assert response.headers["Location"].startswith("/sign-in/")
        assert not LoginAttempt.objects.verified().filter(country="SG").exists()

    def test_a_town_nearby_and_a_vague_network_are_no_jump(self) -> None:
        for address in (places.POTSDAM, places.VAGUE, places.NOWHERE, places.BERLIN6):
            assert self.ask(address).status_code == 200

    def test_a_journey_that_takes_its_time_is_none(self) -> None:
        session = self.browser.session
        place = session["sign_in_place"]
        place["seen"] = (timezone.now() - timedelta(hours=20)).timestamp()
        session["sign_in_place"] = place
        session.save()

        assert self.ask(AWAY).status_code == 200

    def test_a_detour_over_an_unknown_network_hides_nothing(self) -> None:
        self.ask(places.NOWHERE)

        assert self.ask(AWAY).status_code == 302

    def test_a_trusted_place_is_no_jump_in_a_known_browser(self) -> None:
        self.browser.post("/settings/security/sign-ins/countries/", {"country": "SG"})

        assert self.ask(AWAY).status_code == 200

    def test_costs_no_query_from_the_same_network(self) -> None:
        request = RequestFactory().get("/activity/", HTTP_X_FORWARDED_FOR=HOME)
        request.META["REMOTE_ADDR"] = "127.0.0.1"
        request.session = self.browser.session
        request.session.keys()

        with self.assertNumQueries(0):
            at = timezone.now()
            assert not jumps.must_confirm(request, self.alice, is_background=False, at=at)

    def test_a_sign_in_elsewhere_is_compared_with_a_session_that_is_alive(self) -> None:
        long_ago = timezone.now() - timedelta(hours=11)
        LoginAttempt.objects.update(at=long_ago, seen_at=timezone.now() - timedelta(minutes=5))

        _, response = self.come("alice", AWAY)

        assert response.headers["Location"] == people.HELD

    @override_settings(GEOIP_CITY_DATABASE="")
    def test_asks_nobody_without_a_database(self) -> None:
        assert self.ask(AWAY).status_code == 200

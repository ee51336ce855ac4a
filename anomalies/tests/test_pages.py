"""What users see of their sign-ins, and what they choose about them."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from django.test import Client, override_settings
from django.utils import timezone

from anomalies import worldmap
from anomalies.models import LoginAttempt, Mute, TrustedPlace
from anomalies.tests import people
from anomalies.tests.people import AWAY, HOME, SIGN_INS, make_attempt
from audit.models import AuditEvent
from notifications.models import Notification, NotificationPreference
from tests import base


class ListTests(people.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.browser, _ = self.come("alice", HOME)

    def test_shows_place_browser_result_score_and_reasons(self) -> None:
        make_attempt(
            self.alice,
            city="<b>Paris</b>",
            country_name="France",
            score=40,
            level="medium",
            findings=[{"rule": "new_country", "points": 40, "words": {"country": "France"}}],
        )

        page = self.browser.get(SIGN_INS).content.decode()

        assert "&lt;b&gt;Paris&lt;/b&gt;, France" in page
        assert "medium, 40" in page
        assert "New country" in page
        assert "Berlin, Germany" in page
        assert page.count("<circle") == 1

    def test_asks_the_database_as_often_for_many_as_for_few(self) -> None:
        self.browser.get(SIGN_INS)
        with self.assertNumQueries(9):
            self.browser.get(SIGN_INS)
        for number in range(30):
            make_attempt(self.alice, at=timezone.now() - timedelta(hours=number))
        with self.assertNumQueries(9):
            self.browser.get(SIGN_INS)

    def test_shows_why_and_what_was_not_evaluated(self) -> None:
        row = make_attempt(
            self.alice,
            score=75,
            level="high",
            findings=[
                {
                    "rule": "impossible_travel",
                    "points": 75,
                    "words": {"kilometres": 9900, "minutes": 61, "place": "Berlin, DE"},
                }
            ],
            unevaluated={"hosting_network": "network"},
        )

        page = self.browser.get(f"{SIGN_INS}{row.pk}/").content.decode()

        assert "61 minutes earlier it was at least 9 900 km away, in Berlin, DE." in page
        assert "Hosting network: not evaluated, as the network is not known." in page
        assert "Together 75 of 100." in page

    def test_keeps_strangers_out(self) -> None:
        row = make_attempt(self.bob)

        for path in ("", "was-me/", "not-me/", "trust/", "mute/"):
            url = f"{SIGN_INS}{row.pk}/{path}"
            method = self.browser.get if path in {"", "not-me/"} else self.browser.post
            assert method(url).status_code == 404
        assert AuditEvent.objects.filter(event="access.foreign_object").count() == 5
        assert self.browser.get(f"{SIGN_INS}{uuid4()}/").status_code == 404
        row.refresh_from_db()
        assert not row.is_settled

    def test_sends_signed_out_people_away(self) -> None:
        assert Client().get(SIGN_INS).headers["Location"].startswith("/sign-in/")

    @override_settings(GEOIP_CITY_DATABASE="")
    def test_says_when_places_are_not_evaluated(self) -> None:
        assert "Places are not evaluated" in self.browser.get(SIGN_INS).content.decode()

    def test_is_named_on_the_security_page(self) -> None:
        page = self.browser.get("/settings/security/").content.decode()

        assert SIGN_INS in page
        assert "Prove the address" in page


class ChoiceTests(people.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.browser, _ = self.come("alice", HOME)

    def test_trusts_a_country_and_stops(self) -> None:
        self.browser.post(f"{SIGN_INS}countries/", {"country": "SG"})
        self.browser.post(f"{SIGN_INS}countries/", {"country": "SG"})

        place = TrustedPlace.objects.get()
        assert "Singapore" in self.browser.get(SIGN_INS).content.decode()
        people.leave(self.browser)
        assert self.come("alice", AWAY, self.browser)[1].headers["Location"] == "/"
        assert people.newest().score == 0
        self.browser.post(f"{SIGN_INS}places/{place.pk}/")
        assert TrustedPlace.objects.count() == 0
        assert self.browser.post(f"{SIGN_INS}places/{place.pk}/").status_code == 404

    def test_a_trusted_country_helps_no_unknown_browser(self) -> None:
        self.browser.post(f"{SIGN_INS}countries/", {"country": "SG"})

        _, response = self.come("alice", AWAY)

        assert response.headers["Location"] == people.HELD

    def test_trusts_no_country_that_does_not_exist(self) -> None:
        response = self.browser.post(f"{SIGN_INS}countries/", {"country": "XX"})

        assert response.status_code == 422
        assert TrustedPlace.objects.count() == 0

    def test_trusts_the_place_of_a_sign_in(self) -> None:
        row = make_attempt(self.alice, country="NL", city="Amsterdam", latitude=52.4, longitude=4.9)
        nowhere = make_attempt(self.alice, country="", city="", latitude=None, longitude=None)

        self.browser.post(f"{SIGN_INS}{row.pk}/trust/")
        self.browser.post(f"{SIGN_INS}{nowhere.pk}/trust/")

        place = TrustedPlace.objects.get()
        assert (place.city, place.latitude) == ("Amsterdam", 52.4)

    def test_trusts_twenty_places_at_most(self) -> None:
        for code in range(20):
            TrustedPlace.objects.create(
                user=self.alice, country="DE", city=f"{code}", created_at=timezone.now()
            )

        self.browser.post(f"{SIGN_INS}countries/", {"country": "SG"})

        assert TrustedPlace.objects.count() == 20

    def test_mutes_medium_findings_of_a_source_and_no_high_ones(self) -> None:
        row = people.newest()
        self.browser.post(f"{SIGN_INS}{row.pk}/mute/")
        LoginAttempt.objects.update(at=timezone.now() - timedelta(days=3), seen_at=None)
        Mute.objects.create(
            user=self.alice, network=AWAY, browser=row.browser, created_at=timezone.now()
        )

        self.come("alice", AWAY)
        assert people.newest().level == "medium"
        assert not Notification.objects.filter(kind="unusual_sign_in_medium").exists()
        self.come("alice", HOME)
        assert people.newest().level == "high"
        assert Notification.objects.filter(kind="unusual_sign_in_high").exists()

    def test_tells_again_once_unmuted(self) -> None:
        row = people.newest()
        self.browser.post(f"{SIGN_INS}{row.pk}/mute/")
        mute = Mute.objects.get()
        assert "Tell me again" in self.browser.get(SIGN_INS).content.decode()

        self.browser.post(f"{SIGN_INS}mutes/{mute.pk}/")

        assert Mute.objects.count() == 0
        assert self.browser.post(f"{SIGN_INS}mutes/{mute.pk}/").status_code == 404

    def test_low_and_medium_can_be_switched_off_and_high_cannot(self) -> None:
        for kind in ("medium", "high"):
            NotificationPreference.objects.create(
                user=self.alice, kind=f"unusual_sign_in_{kind}", in_app=False, mail=False
            )
        LoginAttempt.objects.update(at=timezone.now() - timedelta(days=3), seen_at=None)

        self.come("alice", AWAY)
        self.come("alice", HOME)

        told = Notification.objects.filter(user=self.alice).values_list("kind", flat=True)
        assert "unusual_sign_in_medium" not in told
        assert "unusual_sign_in_high" in told


class AddressTests(people.TestCase):
    def test_proves_an_address_by_a_mailed_code(self) -> None:
        browser, _ = self.come("alice", HOME)
        browser.post(f"{SIGN_INS}address/")
        assert browser.post(f"{SIGN_INS}address/", {"code": "1"}).status_code == 422

        response = browser.post(f"{SIGN_INS}address/", {"code": people.mailed_code()})

        assert response.headers["Location"] == SIGN_INS
        assert "is proven" in browser.get(f"{SIGN_INS}address/").content.decode()

    def test_another_address_is_not_proven_by_it(self) -> None:
        self.prove_address(self.alice)
        browser, _ = self.come("alice", HOME)
        type(self.alice).objects.filter(pk=self.alice.pk).update(email="other@example.com")

        assert "not proven" in browser.get(SIGN_INS).content.decode()


class MapTests(base.TestCase):
    def test_draws_one_point_for_each_place(self) -> None:
        rows = [make_attempt(self.alice) for _ in range(3)]
        rows.append(make_attempt(self.alice, latitude=-33.9, longitude=151.2, level="high"))
        rows.append(make_attempt(self.alice, latitude=None, longitude=None))

        points = worldmap.points(rows)

        assert [(point.x, point.y, point.kind) for point in points] == [
            ("193.4", "37.5", "low"),
            ("331.2", "123.9", "high"),
        ]
        assert points[0].count == 3

    def test_draws_a_small_picture(self) -> None:
        spot = make_attempt(self.alice).spot
        assert spot is not None

        assert 1_000 < len(worldmap.as_png(spot)) < 20_000

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import Client, override_settings
from django.utils import timezone

from accounts.display import forms
from accounts.models import User
from audit import events
from audit import services as audit
from audit.models import AuditEvent
from tests import base
from vault.tests.making import make_entry

TWO_LANGUAGES = [("en", "English"), ("de", "Deutsch")]


class DisplayTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")

    def choose(self, **changes: str) -> Any:
        form = {
            "time_zone": "",
            "code_grouping": "threes",
            "reveal_seconds": "10",
            "clipboard_seconds": "30",
            **changes,
        }
        return self.client.post("/settings/display/", form)

    def test_shows_what_is_chosen(self) -> None:
        self.choose(time_zone="Asia/Tokyo", code_grouping="pairs")

        page = self.client.get("/settings/")

        self.assertContains(page, '<option value="Asia/Tokyo" selected>Asia/Tokyo</option>')
        self.assertContains(page, "in pairs (12 34 56)")

    def test_shows_times_of_the_chosen_zone_at_once(self) -> None:
        winter = datetime(2026, 1, 5, 23, 30, tzinfo=UTC)
        audit.record(events.PROFILE_CHANGED, user=self.alice, at=winter)
        self.assertContains(self.client.get("/activity/"), "23:30")

        self.choose(time_zone="Asia/Tokyo")

        self.assertContains(self.client.get("/activity/"), "08:30")
        self.choose(time_zone="")
        self.assertContains(self.client.get("/activity/"), "23:30")

    def test_groups_codes_as_chosen_at_once(self) -> None:
        make_entry(self.alice)
        for grouping, sizes in (("pairs", [2, 2, 2]), ("plain", [6]), ("threes", [3, 3])):
            self.choose(code_grouping=grouping)
            page = self.client.get("/")
            card = page.context["cards"][0]
            assert [len(digits) for digits in card.groups] == sizes
            self.assertContains(page, f'data-grouping="{grouping}"')

    def test_hides_codes_until_they_are_asked_for(self) -> None:
        make_entry(self.alice)
        self.choose(hides_codes="on", reveal_seconds="5", clipboard_seconds="60")

        page = self.client.get("/")

        card = page.context["cards"][0]
        assert card.groups == ["•••", "•••"]
        self.assertNotContains(page, f"<span>{card.code.code[:3]}</span>")
        self.assertContains(page, 'data-reveal-seconds="5"')
        self.assertContains(page, 'data-clipboard-seconds="60"')
        without_scripts = self.client.get("/?show=1").context["cards"][0]
        assert "•" not in "".join(without_scripts.groups)

    def test_hides_the_language_while_there_is_one(self) -> None:
        self.assertNotContains(self.client.get("/settings/"), 'name="language"')

        self.choose(language="de")

        assert User.objects.get(pk=self.alice.pk).language == ""

    @override_settings(LANGUAGES=TWO_LANGUAGES)
    def test_speaks_the_chosen_language_at_once(self) -> None:
        self.assertContains(self.client.get("/settings/"), 'name="language"')
        self.assertContains(self.client.get("/"), '<html lang="en"')

        self.choose(language="de")

        self.assertContains(self.client.get("/"), '<html lang="de"')
        assert self.choose(language="xx").status_code == 422

    def test_refuses_what_it_does_not_know(self) -> None:
        for changes in (
            {"time_zone": "Moon/Base"},
            {"code_grouping": "tens"},
            {"time_zone": "../x"},
        ):
            assert self.choose(**changes).status_code == 422
        alice = User.objects.get(pk=self.alice.pk)
        assert (alice.time_zone, alice.code_grouping) == ("", "threes")

    def test_changes_nothing_else_and_nobody_else(self) -> None:
        self.choose(time_zone="Asia/Tokyo", email="x@example.com", is_staff="on")

        alice = User.objects.get(pk=self.alice.pk)
        assert (alice.email, alice.is_staff) == ("alice@example.com", False)
        assert not User.objects.exclude(pk=self.alice.pk).exclude(time_zone="").exists()

    def test_is_recorded(self) -> None:
        self.choose(code_grouping="plain")

        recent = timezone.now() - timedelta(minutes=1)
        assert AuditEvent.objects.filter(event=events.PROFILE_CHANGED, at__gt=recent).exists()

    def test_is_for_the_signed_in(self) -> None:
        response = Client().post("/settings/display/", {"code_grouping": "plain"})

        assert response.headers["Location"].startswith("/sign-in/")


class TimeZoneTests(base.TestCase):
    def test_offers_places_that_people_know(self) -> None:
        zones = forms.time_zones()

        assert zones[0] == "UTC"
        assert {"Europe/Paris", "America/New_York", "Asia/Kolkata"} <= set(zones)
        assert not [zone for zone in zones if zone.startswith(("Etc/", "US/", "posix/"))]

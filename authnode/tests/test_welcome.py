from __future__ import annotations

from django.test import Client, override_settings

from tests import base


class WelcomeTests(base.TestCase):
    def test_leads_visitors_to_the_sign_in(self) -> None:
        with self.assertNumQueries(0):
            response = self.client.get("/")

        self.assertContains(response, 'href="/sign-in/"')
        self.assertNotContains(response, 'href="/sign-up/"')
        assert "session" not in response.cookies

    @override_settings(SIGN_UP="open")
    def test_offers_an_account_where_everybody_may_have_one(self) -> None:
        self.assertContains(self.client.get("/"), 'href="/sign-up/"')

    def test_is_not_in_the_way_of_who_was_signed_in(self) -> None:
        self.client.cookies["session"] = "ended"

        self.assertRedirects(self.client.get("/"), "/sign-in/?next=/")

    def test_is_not_in_the_way_of_links_and_deeds(self) -> None:
        assert self.client.get("/?category=1").headers["Location"].startswith("/sign-in/?next=")
        assert self.client.post("/").headers["Location"].startswith("/sign-in/?next=")
        assert self.client.get("/activity/").headers["Location"] == "/sign-in/?next=/activity/"
        assert self.client.get("/", headers={"X-Background": "1"}).status_code == 401

    def test_is_for_visitors_only(self) -> None:
        self.sign_in_as("alice")

        self.assertNotContains(self.client.get("/"), "welcome-points")
        self.assertContains(Client().get("/"), "welcome-points")

    def test_needs_no_style_and_no_script_of_its_own(self) -> None:
        page = self.client.get("/").content.decode()

        assert " style=" not in page
        assert "<style" not in page

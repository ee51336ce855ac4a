"""The settings as somebody changes them, each form once."""

from __future__ import annotations

from django.test import Client
from playwright.sync_api import Page, expect

from accounts.models import User
from tests import base
from tests.journeys.browser import BrowserTestCase


class SettingsTests(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.user = base.make_user("ida")
        client = Client()
        base.sign_in(client, "ida")
        context = self.new_context()
        value = client.cookies["session"].value
        context.add_cookies([{"name": "session", "value": value, "url": self.live_server_url}])
        self.page: Page = context.new_page()

    def test_keeps_what_is_chosen(self) -> None:
        page = self.page
        page.goto("/settings/")
        page.get_by_label("Your name").fill("Ida Lovelace")
        page.get_by_role("button", name="Save", exact=True).first.click()
        expect(page.get_by_text("Your profile is saved.")).to_be_visible()

        page.get_by_label("Time zone").select_option("Europe/Paris")
        page.get_by_label("in pairs (12 34 56)").check()
        page.get_by_role("button", name="Save Display").click()
        expect(page.get_by_label("Time zone")).to_have_value("Europe/Paris")
        page.goto("/activity/")
        expect(page.get_by_text("Times are those of Europe/Paris")).to_be_visible()

        page.goto("/settings/notifications/")
        # Some warnings are always sent; the first that may be switched off.
        box = page.locator(".preference input:not([disabled])").first
        was = box.is_checked()
        box.set_checked(not was)
        page.get_by_role("button", name="Save", exact=True).click()
        expect(box).to_be_checked(checked=not was)

        user = User.objects.get(pk=self.user.pk)
        assert (user.display_name, user.time_zone) == ("Ida Lovelace", "Europe/Paris")
        assert user.code_grouping == "pairs"
        assert self.faults == []

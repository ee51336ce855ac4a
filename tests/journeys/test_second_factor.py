"""An authenticator app as the second factor, from enrolment to a trusted browser."""

from __future__ import annotations

import time
from datetime import timedelta

from django.test import override_settings
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import TotpDevice, User
from accounts.totp import services as totp
from core import otp, sealing
from tests.journeys.browser import BrowserTestCase, sign_in

PASSWORD = "kettle drum orchard 84 lantern"
EMAIL = "ida@example.com"


class AuthenticatorAppTests(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.user = User.objects.create_user(EMAIL, PASSWORD)

    def code(self, *, steps: int = 0) -> str:
        device = TotpDevice.objects.get()
        secret = sealing.open_field(device, "sealed_secret")
        return otp.totp(secret, int(time.time()) + steps * totp.PERIOD)

    def go_in(self, page: Page) -> None:
        sign_in(page, email=EMAIL, password=PASSWORD)
        page.wait_for_url(f"{self.live_server_url}/")

    def enrol(self, page: Page) -> None:
        page.goto("/settings/security/apps/add/")
        shown = page.locator("details .mono").text_content() or ""
        assert shown.replace(" ", "") == totp.secret_text(TotpDevice.objects.get())
        page.get_by_label("Six-digit code").fill(self.code(steps=-1))
        page.get_by_label("Name").fill("Phone")
        page.get_by_role("button", name="Add the app").click()
        expect(page.get_by_text("Phone").first).to_be_visible()

    def test_is_enrolled_asked_for_and_spared_on_a_trusted_browser(self) -> None:
        page = self.new_page()
        self.go_in(page)
        self.enrol(page)
        page.goto("/")
        page.get_by_role("button", name="Sign out").first.click()

        sign_in(page, email=EMAIL, password=PASSWORD)
        page.wait_for_url("**/sign-in/code/")
        page.get_by_label("Six-digit code").fill("000000")
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_text("This code is not right").first).to_be_visible()
        page.get_by_label("Six-digit code").fill(self.code())
        page.get_by_label("Do not ask on this browser").check()
        page.get_by_role("button", name="Go on").click()
        page.wait_for_url(f"{self.live_server_url}/")
        page.get_by_role("button", name="Sign out").first.click()

        self.go_in(page)
        stranger = self.new_page()
        sign_in(stranger, email=EMAIL, password=PASSWORD)
        stranger.wait_for_url("**/sign-in/code/")
        self.assert_never_sent(PASSWORD)
        assert self.faults == []

    @override_settings(SECOND_FACTOR="all", SECOND_FACTOR_GRACE_DAYS=7)
    def test_is_forced_once_the_time_of_grace_is_over(self) -> None:
        page = self.new_page()
        self.go_in(page)
        User.objects.update(factor_due_at=timezone.now() - timedelta(seconds=1))

        page.goto("/entries/add/")
        expect(page.get_by_role("heading", name="Add a second factor")).to_be_visible()
        page.goto("/activity/")
        expect(page.get_by_role("heading", name="Add a second factor")).to_be_visible()
        page.get_by_role("link", name="Authenticator app").click()
        page.get_by_label("Six-digit code").fill(self.code())
        page.get_by_role("button", name="Add the app").click()

        page.goto("/activity/")
        expect(page.get_by_role("heading", name="Activity")).to_be_visible()

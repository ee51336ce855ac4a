"""Backup sign-in codes in a browser: shown once, typed back, used when the phone is lost."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import urlsplit

from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import TotpDevice, User
from accounts.totp import services as totp
from core import otp
from recovery.models import RecoveryCode
from recovery.tests import people
from tests import base
from tests.journeys.browser import BrowserTestCase, sign_in

PASSWORD = "kettle drum orchard 84 lantern"
EMAIL = "ida@example.com"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "ctap2Version": "ctap2_1",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
    "hasPrf": True,
}
SHEET = """() => [...document.querySelectorAll('body *')]
  .filter((part) => part.checkVisibility() && part.children.length === 0)
  .map((part) => part.textContent.trim()).filter(Boolean).join('\\n')"""


class RecoveryTests(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.user = User.objects.create_user(EMAIL, PASSWORD)

    def go_in(self, page: Page) -> None:
        sign_in(page, email=EMAIL, password=PASSWORD)
        page.wait_for_url(f"{self.live_server_url}/")

    def add_app(self, page: Page) -> None:
        device = TotpDevice.objects.get(confirmed=False)
        secret = otp.decode_base32(totp.secret_text(device))
        page.get_by_label("Six-digit code").fill(otp.totp(secret, int(time.time()) - totp.PERIOD))
        page.get_by_role("button", name="Add the app").click()

    def add_passkey(self, page: Page) -> None:
        cdp = page.context.new_cdp_session(page)
        cdp.send("WebAuthn.enable")
        cdp.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        page.goto("/settings/security/passkeys/add/")
        page.get_by_label("Name").fill("Blue key")
        page.get_by_role("button", name="Add a passkey").click()

    def take_codes(self, page: Page, *, scripts: bool = True) -> list[str]:
        page.wait_for_url("**/backup-codes/new/")
        expect(page.locator(".recovery-codes code")).to_have_count(0)
        if scripts:  # axe waits for timers, which never end in a page without scripts
            self.assert_accessible(page, "new")
        page.get_by_role("button", name="Show my codes").click()
        expect(page.locator(".recovery-codes code")).to_have_count(10)
        return page.locator(".recovery-codes code").all_text_contents()

    def type_back(self, page: Page, code: str) -> None:
        page.get_by_role("textbox", name="Backup sign-in code").fill(code)
        page.get_by_role("button", name="I have kept them").click()
        expect(page.get_by_text("Your backup sign-in codes are ready")).to_be_visible()

    def leave(self, page: Page) -> None:
        page.goto("/activity/")
        page.get_by_role("button", name="Sign out").first.click()
        expect(page.get_by_text("You are signed out.")).to_be_visible()

    def come_back_with(self, page: Page, code: str) -> None:
        """The password, then the code, which leads to the page that adds a factor."""
        sign_in(page, email=EMAIL, password=PASSWORD)
        page.get_by_role("link", name="Use a backup sign-in code").click()
        self.assert_accessible(page, "present")
        page.get_by_role("textbox", name="Backup sign-in code").fill(code.lower().replace("-", " "))
        page.get_by_role("button", name="Go on").click()
        page.wait_for_url("**/settings/security/enrol/")
        expect(page.get_by_text("You signed in with a backup sign-in code.")).to_be_visible()

    def test_leads_from_an_app_over_a_code_to_a_new_app(self) -> None:
        page = self.new_page()
        self.go_in(page)
        page.goto("/settings/security/apps/add/")
        self.add_app(page)
        codes = self.take_codes(page)
        page.get_by_role("textbox", name="Backup sign-in code").fill(
            "00000-00000-00000-00000-00000"
        )
        page.get_by_role("button", name="I have kept them").click()
        expect(page.get_by_text("This is none of the codes above.")).to_be_visible()
        self.assert_accessible(page, "codes")
        self.type_back(page, codes[4])
        expect(page.get_by_text("10 of 10 left")).to_be_visible()
        self.leave(page)

        self.come_back_with(page, codes[0])
        self.assert_accessible(page, "enrol")
        page.goto("/settings/delete/")
        page.wait_for_url("**/settings/security/enrol/")
        page.get_by_role("link", name="Authenticator app").last.click()
        self.add_app(page)
        page.goto("/settings/delete/")
        expect(page).to_have_url(f"{self.live_server_url}/settings/delete/")
        page.goto("/settings/security/")
        expect(page.get_by_text("9 of 10 left")).to_be_visible()
        self.assert_accessible(page, "security")
        assert self.faults == []

    def test_leads_from_a_passkey_over_a_code_to_a_new_factor(self) -> None:
        page = self.new_page()
        self.go_in(page)
        self.add_passkey(page)
        codes = self.take_codes(page)
        self.type_back(page, codes[9])

        lost = self.new_page()
        self.come_back_with(lost, codes[0])
        lost.get_by_role("link", name="Authenticator app").click()
        self.add_app(lost)
        lost.goto("/settings/delete/")
        expect(lost).to_have_url(f"{self.live_server_url}/settings/delete/")
        assert self.faults == []

    def test_shows_them_once_only(self) -> None:
        page = self.new_page()
        self.go_in(page)
        people.add_factor(self.user)
        page.goto("/settings/security/backup-codes/new/")
        codes = self.take_codes(page)

        page.goto("/activity/")
        page.go_back()
        expect(page.get_by_text(codes[0])).to_have_count(0)
        # The entry of the history is the answer to a post: this sends the form once more.
        page.reload()
        expect(page.get_by_role("heading", name="Backup sign-in codes", exact=True)).to_be_visible()
        assert not any(code in page.content() for code in codes)
        second = page.context.new_page()
        for path in ("new/", "confirm/"):
            second.goto(f"/settings/security/backup-codes/{path}")
            assert codes[0] not in second.content()

    def test_hands_them_over_for_keeping(self) -> None:
        context = self.new_context(accept_downloads=True)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        self.go_in(page)
        people.add_factor(self.user)
        page.goto("/settings/security/backup-codes/new/")
        codes = self.take_codes(page)

        page.get_by_role("button", name="Copy").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()").split("\n") == codes
        with page.expect_download() as download:
            page.get_by_role("button", name="Download").click()
        saved = Path(str(download.value.path())).read_text()
        page.emulate_media(media="print", color_scheme="dark")
        expect(page.locator("body")).to_have_css("color-scheme", "light")
        printed = page.evaluate(SHEET)
        host = urlsplit(self.live_server_url).netloc
        for text in (*codes, EMAIL, host):
            assert text in saved
            assert text in printed
        for unwanted in ("Type one back", "Download", "Activity"):
            assert unwanted not in printed
        assert self.faults == []

    def test_works_without_scripts(self) -> None:
        base.make_user("nina")
        nina = User.objects.get(email="nina@example.com")
        page = self.without_scripts("nina").new_page()
        people.add_factor(nina)
        page.goto("/settings/security/backup-codes/new/")
        codes = self.take_codes(page, scripts=False)
        assert "Download" not in page.evaluate(SHEET)
        self.type_back(page, codes[0])

        lost = self.without_scripts("nina").new_page()
        lost.goto("/sign-in/backup-code/")
        lost.get_by_role("textbox", name="Backup sign-in code").fill(codes[0])
        lost.get_by_role("button", name="Go on").click()
        lost.wait_for_url("**/settings/security/enrol/")
        assert RecoveryCode.objects.exclude(used_at=None).count() == 1

    def without_scripts(self, name: str) -> BrowserContext:
        """Signed in as far as the password goes: that page alone needs a script."""
        client = Client()
        base.sign_in(client, name)
        context = self.new_context(java_script_enabled=False)
        key = client.cookies["session"].value
        context.add_cookies([{"name": "session", "value": key, "url": self.live_server_url}])
        return context

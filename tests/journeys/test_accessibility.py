"""axe-core finds nothing on any page, light and dark, on a phone and on a wide screen."""

from __future__ import annotations

from django.test import Client, override_settings
from django.utils import timezone
from playwright.sync_api import Page

from accounts import sign_up
from tests import base
from tests.journeys.browser import AXE, BrowserTestCase, need
from vault.formats.account import OtpAccount
from vault.models import OtpEntry
from vault.services import adding
from vault.services import categories as category_services

SCREENS = (
    ("light", {"width": 360, "height": 740}),
    ("dark", {"width": 360, "height": 740}),
    ("light", {"width": 1440, "height": 900}),
    ("dark", {"width": 1440, "height": 900}),
)
PUBLIC = (
    "/",
    "/sign-in/",
    "/sign-up/",
    "/sign-up/account/",
    "/reset/",
    "/offline/",
    "/nowhere/",
    "/help/",
    "/help/adding/",
    "/help/codes/",
    "/help/second-factors/",
    "/help/backup-codes/",
    "/help/notes/",
    "/help/moving/",
    "/help/sign-ins/",
    "/help/sessions/",
    "/help/keyboard/",
)
SIGNED_IN = (
    "/",
    "/?q=nothing-like-this",
    "/entries/add/",
    "/exports/new/",
    "/exports/review/?format=google&what=all",
    "/import/",
    "/categories/",
    "/trash/",
    "/activity/",
    "/notifications/",
    "/settings/notifications/",
    "/settings/",
    "/settings/security/",
    "/settings/security/apps/add/",
    "/settings/security/passkeys/add/",
    "/settings/security/sign-ins/",
    "/settings/security/sign-ins/address/",
    "/settings/security/sessions/",
    "/settings/security/tokens/",
    "/settings/security/tokens/new/",
    "/help/api/",
    "/help/api/#export-applications",
    "/settings/security/keys/",
    "/settings/security/keys/recovery/",
    "/settings/security/keys/replace/",
    "/settings/notes/",
    "/settings/security/password/",
    "/settings/delete/",
    "/invitations/",
    "/confirm/",
    "/help/",
    "/help/second-factors/",
    "/nowhere/",
)


# High contrast and the largest text, as the settings keep them in the browser.
MORE_TO_SEE = """
if (location.protocol === "http:") {
  localStorage.setItem("authnode-contrast", "more");
  localStorage.setItem("authnode-text", "larger");
}
"""
# Where codes are read, added and put in order.
MAIN_PAGES = ("/entries/", "/categories/", "/trash/", "/duplicates/", "/?", "/settings/notes/")


# With what an operator can open besides: the form for a web address of notices.
@override_settings(WEBHOOKS=True)
class AccessibilityTests(BrowserTestCase):
    def setUp(self) -> None:
        need(AXE.exists(), "axe-core (npm ci)")
        super().setUp()
        self.user = base.make_user("charlie", is_staff=True, is_superuser=True)
        self.fill_vault()

    def fill_vault(self) -> None:
        now = timezone.now()
        accounts = [
            OtpAccount("totp", b"a" * 20, issuer="GitHub", name="charlie@example.com"),
            OtpAccount("totp", b"b" * 20, issuer="Example Bank", name="charlie", period=60),
            OtpAccount("hotp", b"c" * 20, issuer="Old Router", name="admin", counter=3),
            OtpAccount("steam", b"d" * 20, issuer="Steam", name="charlie"),
            OtpAccount("totp", b"e" * 20, issuer="Gone", name="charlie"),
        ]
        adding.add_accounts(owner=self.user, accounts=accounts, at=now)
        category_services.add_category(owner=self.user, name="Work", tint=3, at=now)
        OtpEntry.objects.filter(issuer="Gone").update(trashed_at=now)

    def cookies(self) -> list[dict[str, str]]:
        client = Client()
        base.sign_in(client, "charlie")
        return [
            {
                "name": "session",
                "value": client.cookies["session"].value,
                "url": self.live_server_url,
            }
        ]

    def pages(self) -> list[str]:
        entry = OtpEntry.objects.get(issuer="GitHub")
        gone = OtpEntry.objects.get(issuer="Gone")
        return [
            *SIGNED_IN,
            f"/entries/{entry.id}/",
            f"/entries/{entry.id}/secret/",
            f"/entries/{entry.id}/replace/",
            "/duplicates/",
            "/?select=all",
            "/?sort=manual",
            f"/entries/{gone.id}/purge/",
        ]

    def check(self, page: Page, path: str, name: str) -> None:
        page.goto(path)
        self.assert_accessible(page, f"{path} {name}")
        width = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert width <= 0, (path, name, "scrolls sideways")

    def test_finds_nothing_on_public_pages(self) -> None:
        for scheme, size in SCREENS:
            page = self.new_page(color_scheme=scheme, viewport=size)
            for path in PUBLIC:
                self.check(page, path, f"{scheme} {size['width']}")
        assert self.faults == []

    def test_finds_nothing_on_signed_in_pages(self) -> None:
        for scheme, size in SCREENS:
            context = self.new_context(color_scheme=scheme, viewport=size)
            context.add_cookies(self.cookies())  # type: ignore[arg-type]
            page = context.new_page()
            for path in self.pages():
                self.check(page, path, f"{scheme} {size['width']}")
        assert self.faults == []

    def test_finds_nothing_with_more_contrast_and_larger_text(self) -> None:
        for scheme, size in (SCREENS[0], SCREENS[3]):
            context = self.new_context(color_scheme=scheme, viewport=size)
            context.add_init_script(MORE_TO_SEE)
            context.add_cookies(self.cookies())  # type: ignore[arg-type]
            page = context.new_page()
            for path in self.pages():
                if path.startswith(MAIN_PAGES):
                    self.check(page, path, f"more contrast, {scheme} {size['width']}")
            assert page.locator("html").get_attribute("data-contrast") == "more"
        assert self.faults == []

    def test_finds_nothing_on_the_page_of_a_sign_up_link(self) -> None:
        for scheme, size in SCREENS:
            page = self.new_page(color_scheme=scheme, viewport=size)
            link = sign_up.invite(email="ida@example.com", invited_by=None, at=timezone.now())
            page.goto(link)
            page.wait_for_url("**/sign-up/account/")
            page.get_by_role("button", name="Create account").click()
            page.get_by_text("Enter your password.").wait_for()
            self.assert_accessible(page, f"sign-up {scheme}")

"""Single sign-on in a real browser: link, sign in, be asked again, be refused."""

from __future__ import annotations

from django.test import override_settings
from playwright.sync_api import Page, expect

from accounts.models import OidcIdentity, User
from accounts.oidc import provider as providers
from accounts.oidc.tests.site import SiteMixin
from tests.base import make_user
from tests.journeys.browser import BrowserTestCase

ADDRESS = {"email": "nora@example.com", "email_verified": True, "name": "Nora"}


class SingleSignOnTests(SiteMixin, BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.start_provider()
        # Server, provider, browser and test share one machine, which may be busy: five seconds
        # are enough for a provider, and not always for all of these.
        self.configure(OIDC_SECONDS=30)
        self.provider.asks = True

    def sign_in(self, page: Page) -> None:
        page.goto("/sign-in/")
        page.get_by_role("button", name="Sign in with Example Login").click()
        page.get_by_role("link", name="Allow").click()

    def test_makes_an_account_and_confirms_through_the_provider(self) -> None:
        page = self.new_page()
        self.provider.claims = ADDRESS
        with override_settings(OIDC_CREATES_USERS=True):
            self.sign_in(page)
            page.wait_for_url(f"{self.live_server_url}/")
        assert User.objects.get().email == "nora@example.com"
        page.goto("/settings/security/")
        expect(page.get_by_text("This is your only way to sign in")).to_be_visible()
        self.assert_accessible(page, "security")

        page.goto("/confirm/?next=/settings/")
        expect(page.get_by_text("Sign in with Example Login once more")).to_be_visible()
        self.assert_accessible(page, "confirm")
        page.get_by_role("button", name="Go to Example Login").click()
        page.get_by_role("link", name="Allow").click()
        page.wait_for_url(f"{self.live_server_url}/settings/")
        assert self.faults == []

    def test_signs_a_linked_user_in(self) -> None:
        self.link(make_user("alice"))
        page = self.new_page()

        self.sign_in(page)

        page.wait_for_url(f"{self.live_server_url}/")
        page.get_by_role("button", name="Sign out").first.click()
        expect(page.get_by_text("You may still be signed in at Example Login.")).to_be_visible()

        # And where the operator wants it, out there as well.
        self.provider.metadata = {"end_session_endpoint": f"{self.provider.issuer}/end"}
        providers.kept.forget()
        with override_settings(OIDC_SIGN_OUT=True):
            self.sign_in(page)
            page.wait_for_url(f"{self.live_server_url}/")
            page.get_by_role("button", name="Sign out").first.click()
            page.wait_for_url(f"{self.live_server_url}/sign-in/")
        assert self.provider.requests[-1] == "/end"
        assert self.faults == []

    def test_leads_back_from_a_refusal(self) -> None:
        page = self.new_page()
        self.provider.faults = {"deny"}

        self.sign_in(page)

        expect(page.get_by_text("did not let you in")).to_be_visible()
        self.assert_accessible(page, "refused")
        page.get_by_role("link", name="Back to the sign-in").click()
        expect(page.get_by_role("button", name="Sign in with Example Login")).to_be_visible()
        self.assert_accessible(page, "sign-in")
        assert not OidcIdentity.objects.exists()
        assert self.faults == []

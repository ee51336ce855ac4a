"""Passkeys with Chromium's virtual authenticator: real WebAuthn, PRF included."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from accounts.models import Passkey, User
from audit.models import AuditEvent
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
OPEN = """async () => {
  const { openVault } = await import("/static/js/lib/open-vault.js");
  return (await openVault()) !== null;
}"""


# The virtual authenticator answers the autofill at once, without anybody choosing a passkey.
NO_AUTOFILL = "PublicKeyCredential.isConditionalMediationAvailable = async () => false;"


class PasskeyTests(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.user = User.objects.create_user(EMAIL, PASSWORD)

    def page_with_authenticator(self, *, has_autofill: bool = False) -> tuple[Page, Any, str]:
        page = self.new_page()
        if not has_autofill:
            page.add_init_script(NO_AUTOFILL)
        session = page.context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        added = session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        return page, session, added["authenticatorId"]

    def go_in(self, page: Page) -> None:
        sign_in(page, email=EMAIL, password=PASSWORD)
        page.wait_for_url(f"{self.live_server_url}/")

    def enrol(self, page: Page) -> None:
        page.goto("/settings/security/passkeys/add/")
        page.get_by_label("Name").fill("Blue key")
        page.get_by_role("button", name="Add a passkey").click()
        page.wait_for_url(lambda url: "passkeys/add" not in url)
        page.goto("/settings/security/")
        expect(page.get_by_text("Blue key").first).to_be_visible()

    def wait_until_open(self, page: Page) -> None:
        """The vault key opens beside the page, on the first one of the session."""
        for _ in range(50):
            if page.evaluate(OPEN):
                return
            page.wait_for_timeout(100)
        raise AssertionError("the vault key did not open")

    def leave(self, page: Page) -> None:
        page.goto("/")
        page.get_by_role("button", name="Sign out").first.click()
        expect(page.get_by_text("You are signed out.")).to_be_visible()

    def test_signs_in_alone_after_a_password_and_confirms(self) -> None:
        page, _, _ = self.page_with_authenticator()
        self.go_in(page)
        self.enrol(page)
        self.leave(page)

        page.get_by_role("button", name="Sign in with a passkey").click()
        page.wait_for_url(f"{self.live_server_url}/")
        self.leave(page)

        sign_in(page, email=EMAIL, password=PASSWORD)
        page.wait_for_url("**/sign-in/passkey/")
        page.get_by_role("button", name="Use the passkey").click()
        page.wait_for_url(f"{self.live_server_url}/")
        page.goto("/confirm/passkey/?next=/activity/")
        page.get_by_role("button", name="Use the passkey").click()
        page.wait_for_url("**/activity/")
        self.assert_never_sent(PASSWORD)
        assert self.faults == []

    def test_is_offered_in_the_address_field(self) -> None:
        page, _, _ = self.page_with_authenticator(has_autofill=True)
        self.go_in(page)
        self.enrol(page)
        page.goto("/")
        with page.expect_response("**/sign-in/passkey/answer/") as answered:
            page.get_by_role("button", name="Sign out").first.click()

        assert answered.value.ok
        page.wait_for_url(f"{self.live_server_url}/")
        started = AuditEvent.objects.filter(event="session.started").latest("at")
        assert started.facts["amr"] == "passkey"

    def test_opens_the_vault_key_at_a_sign_in_without_a_password(self) -> None:
        page, _, _ = self.page_with_authenticator()
        self.go_in(page)
        self.wait_until_open(page)
        self.enrol(page)
        assert Passkey.objects.get().slot is not None
        self.leave(page)

        page.get_by_role("button", name="Sign in with a passkey").click()
        page.wait_for_url(f"{self.live_server_url}/")

        self.wait_until_open(page)
        assert '"prf"' not in "".join(self.sent)
        assert self.faults == []

    def test_says_so_when_nobody_answers(self) -> None:
        page, session, authenticator = self.page_with_authenticator()
        self.go_in(page)
        session.send(
            "WebAuthn.setUserVerified",
            {"authenticatorId": authenticator, "isUserVerified": False},
        )
        page.goto("/settings/security/passkeys/add/")
        page.get_by_role("button", name="Add a passkey").click()

        expect(page.get_by_role("alert")).to_be_visible()
        assert not Passkey.objects.exists()

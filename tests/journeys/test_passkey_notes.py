"""A passkey that opens the encrypted notes, and what happens where it cannot."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts import sign_up as sign_ups
from accounts.models import Passkey, User
from keyslots.models import KeySlot
from tests.journeys.browser import BrowserTestCase, sign_up

EMAIL = "ida@example.com"
PASSWORD = "kettle drum orchard 84 lantern"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "ctap2Version": "ctap2_1",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
PLAIN_KEY = {
    "transport": "usb",
    "hasResidentKey": False,
    "hasUserVerification": False,
    "isUserVerified": False,
}
LOCK = """async () => {
  const { lockVault } = await import("/static/js/lib/open-vault.js");
  await lockVault();
}"""
OPEN_ALL = """async () => {
  const { openVaultKeys } = await import("/static/js/lib/open-vault.js");
  return [...(await openVaultKeys()).keys.keys()].sort();
}"""
# The virtual authenticator answers the autofill at once, without anybody choosing a passkey.
NO_AUTOFILL = "PublicKeyCredential.isConditionalMediationAvailable = async () => false;"
# Keeps what the authenticator answered, so that it can be looked for in what was sent.
LISTEN = """() => {
  const get = navigator.credentials.get.bind(navigator.credentials);
  navigator.credentials.get = async (request) => {
    const got = await get(request);
    const first = got.getClientExtensionResults().prf?.results?.first;
    if (first) window.keepResult(btoa(String.fromCharCode(...new Uint8Array(first))));
    return got;
  };
}"""


class PasskeyNotesTests(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.page = self.new_page()
        # Kept outside of the page, which moves on when it has what it needs.
        self.kept: list[str] = []
        self.page.expose_function("keepResult", self.keep_result)
        self.page.goto(sign_ups.invite(email=EMAIL, invited_by=None, at=timezone.now()))
        sign_up(self.page, email=None, name="Ida", password=PASSWORD)
        self.page.wait_for_url(f"{self.live_server_url}/")
        self.user = User.objects.get(email=EMAIL)

    def keep_result(self, text: str) -> None:
        self.kept.append(text)

    def plug_in(self, **changes: Any) -> None:
        session = self.page.context.new_cdp_session(self.page)
        session.send("WebAuthn.enable")
        options = {**AUTHENTICATOR, **changes}
        session.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def start(self) -> Page:
        self.page.goto("/settings/security/passkeys/add/")
        self.page.get_by_label("Name").fill("Blue key")
        return self.page

    def add(self) -> None:
        self.page.get_by_role("button", name="Add a passkey").click()

    def see_it_added(self) -> None:
        self.page.wait_for_url(lambda url: "passkeys/add" not in url)
        self.page.goto("/settings/security/")
        expect(self.page.get_by_text("Blue key").first).to_be_visible()

    def results(self, count: int) -> list[str]:
        for _ in range(100):
            if len(self.kept) == count:
                return self.kept
            self.page.wait_for_timeout(100)
        raise AssertionError("the authenticator was not asked often enough")

    def test_asks_for_the_password_where_the_notes_are_locked(self) -> None:
        self.plug_in(hasPrf=True)
        # What opens the notes after a sign-in would otherwise come after the lock.
        self.see_notes_open()
        self.page.evaluate(LOCK)
        page = self.start()
        self.page.evaluate(LISTEN)

        page.locator("#id_password").fill("not the password of Ida 17")
        self.add()
        expect(page.get_by_text("This password does not open your notes.")).to_be_visible()
        assert not Passkey.objects.exists()
        page.locator("#id_password").fill(PASSWORD)
        self.add()
        self.see_it_added()

        slot = Passkey.objects.get().slot
        assert slot is not None
        assert slot.kind == KeySlot.Kind.PASSKEY
        expect(page.get_by_text("also opens your notes")).to_be_visible()
        self.assert_never_sent(PASSWORD)
        assert self.faults == []

    def test_opens_locked_notes_from_the_header(self) -> None:
        self.plug_in(hasPrf=True)
        page = self.start()
        page.evaluate(LISTEN)
        self.add()
        self.see_it_added()
        page.evaluate(LOCK)
        page.goto("/settings/security/")
        header = page.locator("[data-notes-state]")
        expect(header).to_have_text("Notes are locked")
        page.evaluate(LISTEN)
        header.click()
        page.get_by_role("button", name="Open with a passkey").click()

        expect(header).to_have_text("Notes are open")
        assert len(set(self.kept)) == 1
        for text in (self.kept[0], self.kept[0].replace("+", "-").replace("/", "_")):
            self.assert_never_sent(text.rstrip("="))

    def test_keeps_the_result_of_the_passkey_in_the_browser(self) -> None:
        self.plug_in(hasPrf=True)
        page = self.start()
        page.evaluate(LISTEN)
        self.add()
        first, second = self.results(2)
        page.wait_for_url(lambda url: "passkeys/add" not in url)

        assert first == second
        assert Passkey.objects.get().slot is not None
        # In whatever form of base64 it might have travelled.
        for text in (first, first.replace("+", "-").replace("/", "_")):
            self.assert_never_sent(text.rstrip("="))

    def test_says_when_the_passkey_cannot_open_notes(self) -> None:
        self.plug_in(hasPrf=False)
        page = self.start()
        self.add()

        expect(page.get_by_text("It cannot open your encrypted notes")).to_be_visible()
        assert Passkey.objects.get().slot is None
        self.assert_accessible(page, "a passkey without the notes")
        page.get_by_role("link", name="Go on").click()
        self.see_it_added()

    def test_adds_a_security_key_that_verifies_nobody(self) -> None:
        self.plug_in(**PLAIN_KEY)
        page = self.start()
        page.get_by_label("Also opens my encrypted notes").uncheck()
        self.add()
        self.see_it_added()

        row = Passkey.objects.get()
        assert row.transports == ["usb"]
        expect(page.get_by_text("Security key, added")).to_be_visible()

    def leave(self) -> None:
        self.page.goto("/activity/")
        self.page.get_by_role("button", name="Sign out").first.click()
        expect(self.page.get_by_text("You are signed out.")).to_be_visible()

    def enter_with_passkey(self) -> None:
        self.page.get_by_role("button", name="Sign in with a passkey").click()
        self.page.wait_for_url(f"{self.live_server_url}/")

    def see_notes_open(self) -> None:
        self.page.goto("/settings/security/keys/")
        expect(self.page.get_by_text("Open until you sign out.")).to_be_visible()

    def test_opens_the_notes_later_on_and_a_new_key_too(self) -> None:
        self.plug_in(hasPrf=True)
        page = self.start()
        page.add_init_script(NO_AUTOFILL)
        page.get_by_label("Also opens my encrypted notes").uncheck()
        self.add()
        page.wait_for_url(lambda url: "passkeys/add" not in url)
        page.goto("/settings/security/keys/")
        page.get_by_role("link", name="Let it open my notes Blue key").click()
        self.assert_accessible(page, "let a passkey open the notes")
        page.get_by_role("button", name="Use the passkey").click()
        expect(page.get_by_text("Passkey: Blue key")).to_be_visible()

        page.goto("/settings/security/keys/replace/")
        page.get_by_role("button", name="Use it now Blue key").click()
        expect(page.get_by_text("It opens the new key.")).to_be_visible()
        self.assert_accessible(page, "replace with a passkey")
        page.locator("#id_password").fill(PASSWORD)
        page.get_by_role("button", name="Start the new key").click()
        expect(page.get_by_text("Your encrypted notes have a new key.")).to_be_visible()
        assert self.user.vault_keys.count() == 2
        self.leave()

        # The passkey alone from here on, and nothing that a password opens.
        self.enter_with_passkey()
        self.see_notes_open()
        KeySlot.objects.filter(kind=KeySlot.Kind.PASSWORD).delete()
        self.replace_without_password()
        self.leave()
        self.enter_with_passkey()
        self.see_notes_open()
        assert page.evaluate(OPEN_ALL) == sorted(str(key.pk) for key in self.user.vault_keys.all())
        self.assert_never_sent(PASSWORD)
        assert self.faults == []

    def replace_without_password(self) -> None:
        page = self.page
        page.goto("/settings/security/keys/replace/")
        page.get_by_role("button", name="Use it now Blue key").click()
        expect(page.get_by_text("It opens the new key.")).to_be_visible()
        page.get_by_role("button", name="Start the new key").click()
        expect(page.get_by_text("Make the recovery key first")).to_be_visible()
        page.get_by_role("button", name="Show the recovery key").click()
        expect(page.locator("[data-recovery-groups] li")).to_have_count(13)
        groups = page.locator("[data-recovery-groups] li").all_text_contents()
        page.get_by_role("button", name="I have it on paper").click()
        for place in "12":
            label = page.locator(f"label[for=id_group_{place}]").text_content() or ""
            page.locator(f"#id_group_{place}").fill(groups[int(label.split()[-1]) - 1])
        page.get_by_role("button", name="Start the new key").click()
        expect(page.get_by_text("Your encrypted notes have a new key.")).to_be_visible()
        assert self.user.vault_keys.count() == 3

    def test_says_when_a_passkey_of_before_cannot_open_them(self) -> None:
        self.plug_in(hasPrf=False)
        page = self.start()
        page.get_by_label("Also opens my encrypted notes").uncheck()
        self.add()
        page.wait_for_url(lambda url: "passkeys/add" not in url)
        page.goto(f"/settings/security/passkeys/{Passkey.objects.get().pk}/notes/")
        page.get_by_role("button", name="Use the passkey").click()

        expect(page.get_by_text("cannot open encrypted notes")).to_be_visible()
        assert Passkey.objects.get().slot is None

    def test_removes_the_passkey_with_its_way_to_the_notes(self) -> None:
        self.plug_in(hasPrf=True)
        page = self.start()
        self.assert_accessible(page, "adding a passkey")
        self.add()
        self.see_it_added()
        self.assert_accessible(page, "a passkey on the security page")
        page.get_by_role("link", name="Remove Blue key").click()
        expect(page.get_by_text("This is your last second factor")).to_be_visible()
        page.get_by_role("button", name="Remove it all the same").click()
        page.wait_for_url("**/settings/security/")

        assert not Passkey.objects.exists()
        assert not KeySlot.objects.filter(kind=KeySlot.Kind.PASSKEY).exists()

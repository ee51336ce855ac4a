"""A forgotten password and a new address, by mailed links."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from uuid import uuid4

from django.core import mail
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import PasswordReset, User
from accounts.reset.tests.links import pass_time
from accounts.totp.tests.test_totp import code, enrol
from keyslots import crypto, recovery
from keyslots import services as keyslots
from keyslots.models import KeySlot
from tests.journeys.browser import BrowserTestCase, sign_in
from tests.journeys.test_passkey_notes import AUTHENTICATOR, NO_AUTOFILL

OLD = "kettle drum orchard 84 lantern"
NEW = "seven ferries cross a quiet harbour"
EMAIL = "ida@example.com"
WIPE = """async () => {
  const { lockVault } = await import("/static/js/lib/open-vault.js");
  await lockVault();
}"""


def make_person(vault_key: bytes) -> User:
    """Ida, with a password and a vault key that a browser could have made."""
    user = User.objects.create_user(EMAIL, OLD)
    wrap_key = crypto.derive(OLD, user.salt, user.kdf_iterations).wrap_key
    slot = crypto.wrap_vault_key(
        vault_key,
        wrap_key=wrap_key,
        user_id=user.id,
        vault_key_id=uuid4(),
        slot_id=uuid4(),
        iterations=user.kdf_iterations,
        salt=user.salt,
    )
    keyslots.start_vault_key(user.id, slot, at=timezone.now())
    return user


def add_recovery_key(user: User, vault_key: bytes) -> str:
    """The notes recovery key on paper, with its slot kept here."""
    key, current = secrets.token_bytes(32), keyslots.current_vault_key(user.id)
    assert current is not None
    slot = crypto.wrap_for(
        crypto.RECOVERY,
        vault_key,
        wrap_key=recovery.derive_wrap_key(key),
        user_id=user.id,
        vault_key_id=current.id,
        slot_id=uuid4(),
    )
    proof = recovery.derive_proof(key)
    now = timezone.now()
    keyslots.add_slot(user.id, slot, kind=slot.kind, name="Paper", verifier=proof, at=now)
    return recovery.write(key)


def link(path: str, email: str = EMAIL) -> str:
    bodies = "\n".join(str(message.body) for message in mail.outbox if message.to == [email])
    return str(re.findall(rf"http://\S+{path}#\S+", bodies)[-1])


class ResetTests(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.vault_key = secrets.token_bytes(32)
        self.user = make_person(self.vault_key)

    def ask(self, page: Page) -> None:
        page.goto("/sign-in/")
        page.get_by_role("link", name="Forgot your password?").click()
        page.get_by_label("E-mail address").fill(EMAIL)
        page.get_by_role("button", name="Mail me a link").click()
        expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()

    def choose(self, page: Page, password: str, *, recovery_key: str = "") -> None:
        page.locator("#id_new_password").fill(password)
        page.locator("#id_repeat").fill(password)
        if recovery_key:
            page.locator("#id_recovery").fill(recovery_key)
        page.get_by_role("button", name="Set the new password").click()

    def go_in(self, page: Page, password: str) -> None:
        sign_in(page, email=EMAIL, password=password)
        page.wait_for_url(f"{self.live_server_url}/")

    def opened(self, password: str) -> bytes:
        """The vault key that a password opens, computed without the browser."""
        slot = keyslots.password_slot(self.user.id)
        assert slot is not None
        wrap_key = crypto.derive(password, slot.salt, slot.iterations).wrap_key
        return crypto.unwrap_vault_key(slot, wrap_key=wrap_key, user_id=self.user.id)

    def test_takes_the_second_factor_and_keeps_the_notes_with_the_recovery_key(self) -> None:
        paper, page = add_recovery_key(self.user, self.vault_key), self.new_page()
        enrol(self.user)
        self.ask(page)
        page.goto(link("/reset/"))
        page.wait_for_url("**/reset/code/")
        self.assert_accessible(page, "code")
        page.get_by_label("Six-digit code").fill(code(timezone.now()))
        page.get_by_role("button", name="Go on").click()
        self.assert_accessible(page, "password")

        self.choose(page, NEW, recovery_key=paper[:-4] + paper[-4:].swapcase()[::-1])
        expect(page.locator("#id_recovery_error")).to_contain_text("slip")
        self.choose(page, NEW, recovery_key=paper.lower())
        page.wait_for_url("**/sign-in/")

        assert self.opened(NEW) == self.vault_key
        for secret in (NEW, paper, paper.replace("-", "")):
            self.assert_never_sent(secret)
        assert self.faults == []

    def test_keeps_the_notes_open_with_a_passkey(self) -> None:
        page = self.new_page()
        page.add_init_script(NO_AUTOFILL)
        session = page.context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        options = {**AUTHENTICATOR, "hasPrf": True}
        session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.go_in(page, OLD)
        page.goto("/settings/security/passkeys/add/")
        page.get_by_role("button", name="Add a passkey").click()
        page.wait_for_url(lambda url: "passkeys/add" not in url)
        page.context.clear_cookies()

        self.ask(page)
        page.goto(link("/reset/"))
        page.wait_for_url("**/reset/passkey/")
        page.get_by_role("button", name="Use the passkey").click()
        page.wait_for_url("**/reset/password/")
        expect(page.get_by_text("Your passkey has opened them.")).to_be_visible()
        # The same by the button, for who has shown another factor.
        page.evaluate(WIPE)
        page.reload()
        self.assert_accessible(page, "password with a passkey")
        page.get_by_role("button", name="Open them with a passkey").click()
        expect(page.get_by_text("Your passkey has opened them.")).to_be_visible()
        self.choose(page, NEW)
        page.wait_for_url("**/sign-in/")

        assert self.opened(NEW) == self.vault_key
        assert '"prf"' not in "".join(self.sent)
        assert self.faults == []

    def test_waits_a_day_without_a_factor_and_ends_the_other_sessions(self) -> None:
        paper = add_recovery_key(self.user, self.vault_key)
        owner, page = self.new_page(), self.new_page()
        self.go_in(owner, OLD)
        self.ask(page)
        page.goto(link("/reset/"))
        expect(page.get_by_role("heading", name="does not work yet")).to_be_visible()
        self.assert_accessible(page, "too early")

        pass_time(self.user, timedelta(hours=24))
        page.goto(link("/reset/"))
        page.wait_for_url("**/reset/password/")
        expect(page.get_by_text("Nothing is deleted.")).to_be_visible()
        self.choose(page, NEW)
        page.wait_for_url("**/sign-in/")

        owner.goto("/")
        assert "/sign-in/" in owner.url
        self.go_in(page, NEW)
        assert self.opened(NEW) != self.vault_key
        assert KeySlot.objects.filter(user=self.user, kind="former-password").count() == 1
        expect(page.get_by_text("shows codes only")).to_be_visible()
        self.assert_accessible(page, "resting banner")
        page.goto("/settings/security/passkeys/add/")
        expect(page.get_by_role("heading", name="Not yet")).to_be_visible()
        self.assert_accessible(page, "resting")
        self.open_older_notes(page, paper)
        assert self.faults == []

    def open_older_notes(self, page: Page, paper: str) -> None:
        """The recovery key turns up after the reset, and opens what was closed before."""
        page.goto("/settings/security/keys/")
        page.get_by_role("link", name="Open with the recovery key Paper").click()
        page.locator("#id_password").fill(paper[:-1])
        page.get_by_role("button", name="Open", exact=True).click()
        expect(page.locator("#id_password_error")).to_contain_text("slip")
        page.locator("#id_password").fill(paper)
        page.get_by_role("button", name="Open", exact=True).click()
        expect(page.get_by_text("Your older notes are open to you again.")).to_be_visible()
        older = KeySlot.objects.get(user=self.user, kind="older")
        wrap_key = crypto.derive_older_wrap_key(self.opened(NEW))
        key = crypto.unwrap_vault_key(
            keyslots.content(older), wrap_key=wrap_key, user_id=self.user.id
        )
        assert key == self.vault_key
        slot = keyslots.prove_recovery(self.user.id, recovery.derive_proof(recovery.read(paper)))
        assert slot is not None and slot.vault_key_id != older.vault_key_id

    def test_is_stopped_from_a_live_session(self) -> None:
        owner, thief = self.new_page(), self.new_page()
        self.go_in(owner, OLD)
        self.ask(thief)
        pass_time(self.user, timedelta(hours=24))
        thief.goto(link("/reset/"))
        thief.wait_for_url("**/reset/password/")

        owner.goto("/")
        expect(owner.get_by_text("Somebody asked to reset your password").first).to_be_visible()
        self.assert_accessible(owner, "banner")
        owner.get_by_role("button", name="Stop it").click()
        expect(owner.get_by_text("Stopped.")).to_be_visible()

        self.choose(thief, NEW)
        expect(thief.get_by_role("heading", name="no longer works")).to_be_visible()
        assert User.objects.get(pk=self.user.pk).check_password(OLD)
        assert PasswordReset.objects.get().used_at is None

    def test_moves_to_a_new_address_that_is_confirmed(self) -> None:
        page = self.new_page()
        self.go_in(page, OLD)
        page.goto("/settings/")
        page.get_by_label("E-mail address").fill("ida@new.example.com")
        page.get_by_role("button", name="Save").first.click()
        expect(page.get_by_text("waits to be confirmed")).to_be_visible()
        self.assert_accessible(page, "profile")

        page.goto(link("/address/", "ida@new.example.com"))
        page.wait_for_url("**/settings/address/")
        self.assert_accessible(page, "confirm")
        page.get_by_role("button", name="Use the new address").click()
        expect(page.get_by_text("has its new address")).to_be_visible()

        assert User.objects.get(pk=self.user.pk).email == "ida@new.example.com"
        assert self.faults == []

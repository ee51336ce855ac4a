"""What a page says where notes do not open: the note, the key, the browser or the address."""

from __future__ import annotations

import re
import secrets
import uuid
from typing import ClassVar

from django.test import override_settings
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from keyslots import crypto, recovery, services
from notes import services as notes
from notes.models import Note, NoteDraft
from notes.tests import making, twin
from tests.journeys.note_case import ADDRESS, PASSWORD, NoteJourney

# A name that is not localhost, so that plain http to it is no secure context.
PLAIN_NAME = "authnode.example"

# What a page hears before it locks (static/js/lib/lock-page.js), and how it asks for time.
LOCK_IS_NEAR = """async () => {
  const { announceLock } = await import("/static/js/lib/lock-page.js");
  const awaited = [];
  document.addEventListener("authnode:before-lock", ({ detail }) => {
    const waitFor = detail.waitFor;
    detail.waitFor = (promise) => { awaited.push(promise); waitFor(promise); };
  }, { capture: true, once: true });
  await announceLock();
  await Promise.all(awaited);
}"""
NO_CRYPTOGRAPHY = "offers no cryptography on this address"


class ClosedNotes(NoteJourney):
    more_flags: ClassVar[list[str]] = [f"--host-resolver-rules=MAP {PLAIN_NAME} 127.0.0.1"]

    def test_names_what_does_not_open_and_opens_with_paper(self) -> None:
        vault_key, key = self.keys()["vault key"], making.key_of(self.user)
        paper = secrets.token_bytes(32)
        self.add_recovery_slot(vault_key, key, paper)
        self.assert_names_closed_notes(vault_key, key)
        self.lock(self.page)
        self.open_with_paper(paper)

        self.write(self.visit(), "typed just before the lock")
        self.page.evaluate(LOCK_IS_NEAR)
        assert making.opened(NoteDraft.objects.get(), vault_key, what=twin.DRAFT) == (
            "typed just before the lock"
        )

    def test_names_what_the_browser_lacks(self) -> None:
        self.say_without_indexed_db()
        self.say_without_room()
        self.say_over_plain_http()
        self.assert_never_sent(PASSWORD)

    # Notes and keys.

    def assert_names_closed_notes(self, vault_key: bytes, key: uuid.UUID) -> None:
        plain = {**twin.plain_of("x"), "v": 2}
        newer = twin.seal(vault_key, plain, user=self.user.pk, key=key, entry=self.entry.pk)
        notes.save_sealed(entry=self.entry, sealed=newer, base=0, at=timezone.now())
        note = self.visit()
        expect(note.get_by_text("written by a newer version of AuthNode")).to_be_visible()
        Note.objects.update(vault_key_id=self.entry.pk)
        note = self.visit()
        expect(note.get_by_text("closed with an earlier key that is not open")).to_be_visible()
        Note.objects.all().delete()

    def open_with_paper(self, paper: bytes) -> None:
        self.header(self.page).click()
        dialog = self.page.locator("#notes-dialog")
        dialog.get_by_role("button", name="Open with a passkey").click()
        expect(dialog.get_by_text("Nothing of this kind opens your notes.")).to_be_visible()
        dialog.get_by_text("With the recovery key on paper").click()
        written = recovery.write(paper)
        slip = ("0" if written[0] != "0" else "1") + written[1:]
        for typed, said in (
            (slip, re.compile("There is a slip|does not open your notes")),
            (recovery.write(bytes(32)), "This recovery key does not open your notes."),
        ):
            dialog.get_by_label("Notes recovery key").fill(typed)
            dialog.get_by_role("button", name="Open with this key").click()
            expect(dialog.get_by_text(said)).to_be_visible()
        dialog.get_by_label("Notes recovery key").fill(written.lower())
        dialog.get_by_role("button", name="Open with this key").click()
        expect(self.header(self.page)).to_have_text("Notes are open")
        self.assert_never_sent(written)

    def add_recovery_slot(self, vault_key: bytes, key: uuid.UUID, paper: bytes) -> None:
        slot = crypto.wrap_for(
            crypto.RECOVERY,
            vault_key,
            wrap_key=crypto.derive_key(paper, b"authnode/v1/recovery"),
            user_id=self.user.pk,
            vault_key_id=key,
            slot_id=uuid.uuid4(),
        )
        services.add_slot(
            self.user.pk, slot, kind=crypto.RECOVERY, name="Paper", verifier=bytes(32),
            at=timezone.now(),
        )  # fmt: skip

    # Browsers.

    def say_without_indexed_db(self) -> None:
        context = self.signed_in_elsewhere(self.live_server_url)
        context.add_init_script(
            "Object.defineProperty(window, 'indexedDB', { get: () => undefined });"
        )
        page = context.new_page()
        page.goto("/")
        self.assert_dialog_says(page, "This browser keeps nothing, as in a private window")

    def say_without_room(self) -> None:
        """A full disk, which Chromium plays for one site."""
        page = self.signed_in_elsewhere(self.live_server_url).new_page()
        page.goto("/")
        tools = page.context.new_cdp_session(page)
        quota = {"origin": self.live_server_url, "quotaSize": 1}
        tools.send("Storage.overrideQuotaForOrigin", quota)
        self.assert_dialog_says(page, "no room left for the open key")
        page.goto("/settings/security/keys/")
        page.locator("#id_password").fill(PASSWORD)
        page.get_by_role("button", name="Open", exact=True).click()
        expect(page.get_by_text("no room left for the open key")).to_be_visible()

        tools.send("Storage.overrideQuotaForOrigin", {"origin": self.live_server_url})
        self.open_with_password(page, PASSWORD)
        expect(self.header(page)).to_have_text("Notes are open")

    def say_over_plain_http(self) -> None:
        address = self.live_server_url.replace("localhost", PLAIN_NAME)
        with override_settings(ALLOWED_HOSTS=[PLAIN_NAME]):
            page = self.signed_in_elsewhere(address).new_page()
            page.goto(f"{address}/")
            assert page.evaluate("isSecureContext") is False
            self.assert_dialog_says(page, NO_CRYPTOGRAPHY)
            page.goto(f"{address}/entries/{self.entry.pk}/")
            expect(page.locator("[data-note]").get_by_text(NO_CRYPTOGRAPHY)).to_be_visible()
            page.context.clear_cookies()
            page.goto(f"{address}/sign-in/")
            page.get_by_label("E-mail address").fill(ADDRESS)
            page.locator("#id_password").fill(PASSWORD)
            expect(page.get_by_text(NO_CRYPTOGRAPHY)).to_be_visible()
            expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_disabled()

    def signed_in_elsewhere(self, address: str) -> BrowserContext:
        """A browser with the session and nothing that opens the notes."""
        context = self.new_context()
        context.add_cookies(
            [
                {"name": each["name"], "value": each["value"], "url": address}
                for each in self.page.context.cookies()
            ]
        )
        return context

    def assert_dialog_says(self, page: Page, said: str) -> None:
        expect(self.header(page)).to_have_text("Notes are locked")
        self.open_with_password(page, PASSWORD)
        expect(page.locator("#notes-dialog").get_by_text(said)).to_be_visible()

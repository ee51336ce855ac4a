"""A person with two entries and open notes, and what they do with them in a browser."""

from __future__ import annotations

import re

from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from accounts import sign_up as sign_ups
from accounts.models import User
from keyslots import crypto, services
from notes.tests import making, twin
from tests.journeys.browser import BrowserTestCase, sign_up

ADDRESS = "ida@example.com"
PASSWORD = "kettle drum orchard 84 lantern"


class NoteJourney(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.page = self.new_page()
        self.page.goto(sign_ups.invite(email=ADDRESS, invited_by=None, at=timezone.now()))
        sign_up(self.page, email=None, name="Ida", password=PASSWORD)
        self.page.wait_for_url(f"{self.live_server_url}/")
        self.user = User.objects.get(email=ADDRESS)
        self.entry = making.make_entry(self.user, "Larch Bank")
        making.make_entry(self.user, "Other Place")

    def header(self, page: Page) -> Locator:
        return page.locator("[data-notes-state]")

    def visit(self, page: Page | None = None) -> Locator:
        page = page or self.page
        page.goto(f"/entries/{self.entry.pk}/")
        note = page.locator("[data-note]")
        expect(note.locator("[data-note-loading]")).to_be_hidden()
        return note

    def write(self, note: Locator, text: str) -> None:
        note.get_by_role("button", name=re.compile("Write a note|Edit the note")).click()
        note.get_by_label("Text", exact=True).fill(text)

    def save(self, note: Locator) -> None:
        note.get_by_role("button", name="Save the note").click()
        expect(note.locator("form")).to_be_hidden()

    def add_field(self, note: Locator, name: str, kind: str, value: str) -> None:
        note.get_by_role("button", name="Add a field").click()
        row = note.locator(".note-field-row").last
        row.get_by_label("Name of the field").fill(name)
        row.get_by_label("Kind of field").select_option(kind)
        row.get_by_label("Value of the field").fill(value)

    def search(self, words: str) -> Locator:
        self.page.goto("/")
        expect(self.header(self.page)).to_have_text("Notes are open")
        self.page.locator("[data-search]").fill(words)
        return self.page.locator(".code-card:not([hidden])")

    def open_with_password(self, page: Page, password: str) -> None:
        self.header(page).click()
        dialog = page.locator("#notes-dialog")
        dialog.get_by_label("Password").fill(password)
        dialog.get_by_role("button", name="Open", exact=True).click()

    def lock(self, page: Page) -> None:
        self.header(page).click()
        page.get_by_role("button", name="Lock notes now").click()
        expect(self.header(page)).to_have_text("Notes are locked")

    def keys(self) -> dict[str, bytes]:
        """What the browser derived, which only the auth secret ever leaves."""
        slot = services.password_slot(self.user.pk)
        assert slot is not None
        derived = crypto.derive(PASSWORD, slot.salt, slot.iterations)
        vault_key = crypto.unwrap_vault_key(slot, wrap_key=derived.wrap_key, user_id=self.user.pk)
        return {
            "auth secret": derived.auth_secret,
            "wrap key": derived.wrap_key,
            "vault key": vault_key,
            "content key": twin.content_key(vault_key),
            "index key": twin.index_key(vault_key),
        }

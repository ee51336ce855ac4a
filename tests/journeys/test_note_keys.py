"""A vault key that was replaced: here every note moves to it, elsewhere it is asked for."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from notes import services as notes
from tests.journeys.browser import sign_in
from tests.journeys.note_case import ADDRESS, PASSWORD, NoteJourney

REPLACED = "Your encrypted notes have a new key"


class ReplacedKeys(NoteJourney):
    def test_moves_here_and_is_asked_for_on_another_device(self) -> None:
        self.write(self.visit(), "from the first key")
        self.save(self.page.locator("[data-note]"))
        device = self.sign_in_elsewhere()
        theirs = self.visit(device)
        self.write(theirs, "typed while the key changed")

        self.replace_the_key()
        theirs.get_by_role("button", name="Save the note").click()
        expect(theirs.get_by_text("have a new key since this page was opened")).to_be_visible()
        theirs.get_by_role("button", name="Open them again").click()
        self.open_where_asked(device)
        self.save(theirs)
        expect(theirs.locator(".note-text")).to_have_text("typed while the key changed")

        self.move_everything()
        note = self.visit()
        expect(note.locator(".note-text")).to_have_text("typed while the key changed")
        note.get_by_role("button", name="Earlier versions").click()
        note.get_by_text("Version 1,").click()
        expect(note.get_by_text("from the first key")).to_be_visible()
        assert self.faults == []

    def test_asks_on_the_next_page_of_another_device(self) -> None:
        device = self.sign_in_elsewhere()
        self.replace_the_key()

        device.goto("/")
        self.open_where_asked(device)
        device.reload()
        expect(self.header(device)).to_have_text("Notes are open")
        expect(device.locator("#notes-dialog")).to_be_hidden()

    def sign_in_elsewhere(self) -> Page:
        device = self.new_page()
        sign_in(device, email=ADDRESS, password=PASSWORD)
        device.wait_for_url(f"{self.live_server_url}/")
        expect(self.header(device)).to_have_text("Notes are open")
        return device

    def replace_the_key(self) -> None:
        self.page.goto("/settings/security/keys/replace/")
        self.page.locator("#id_password").fill(PASSWORD)
        self.page.get_by_role("button", name="Start the new key").click()
        self.page.wait_for_url("**/settings/security/keys/")
        expect(self.header(self.page)).to_have_text("Notes are open")

    def open_where_asked(self, device: Page) -> None:
        """The dialog came by itself and says why."""
        dialog = device.locator("#notes-dialog")
        expect(dialog.get_by_text(REPLACED)).to_be_visible()
        expect(self.header(device)).to_have_text("Notes are locked")
        self.assert_accessible(device, "asked for the new key")
        dialog.get_by_label("Password").fill(PASSWORD)
        dialog.get_by_role("button", name="Open", exact=True).click()
        expect(self.header(device)).to_have_text("Notes are open")

    def move_everything(self) -> None:
        self.page.goto("/settings/notes/")
        self.page.get_by_role("button", name="Encrypt them with the newer key").click()
        expect(self.page.get_by_text("An earlier key is no longer needed")).to_be_visible()
        assert notes.state(self.user).older == 0

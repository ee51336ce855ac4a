"""Two windows, earlier versions, and a server that hands out something else than it was given."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from notes.models import Note
from tests.journeys.note_case import NoteJourney


class VersionsOfNotes(NoteJourney):
    def test_keeps_both_versions_and_says_what_is_wrong(self) -> None:
        note = self.visit()
        self.write(note, "first words")
        self.save(note)
        self.write_in_two_windows(note)
        self.restore_an_earlier_one(note)

        newest = Note.objects.get()
        self.assert_notices_an_older_one(newest)
        self.assert_notices_a_swapped_one(newest)
        Note.objects.all().delete()
        note = self.visit()
        expect(note.get_by_text("that the server no longer has")).to_be_visible()

    def write_in_two_windows(self, note: Locator) -> None:
        other = self.page.context.new_page()
        theirs = self.visit(other)
        self.write(note, "mine, later")
        self.write(theirs, "theirs, sooner")
        self.save(theirs)
        note.get_by_role("button", name="Save the note").click()
        expect(note.locator("[data-note-theirs-body]")).to_have_text("theirs, sooner")
        expect(note.get_by_label("Text", exact=True)).to_have_value("mine, later")
        self.assert_accessible(self.page, "two versions of a note")
        self.save(note)
        expect(note.locator("[data-note-view] .note-text")).to_have_text("mine, later")

    def restore_an_earlier_one(self, note: Locator) -> None:
        note.get_by_role("button", name="Earlier versions").click()
        note.get_by_text("Version 2,").click()
        note.get_by_role("button", name="Restore").first.click()
        expect(note.get_by_label("Text", exact=True)).to_have_value("theirs, sooner")
        note.get_by_role("button", name="Cancel").click()

    def assert_notices_an_older_one(self, newest: Note) -> None:
        earlier = newest.revisions.get(revision=2)
        columns = {name: getattr(earlier, name) for name in ("salt", "nonce", "ciphertext")}
        Note.objects.update(revision=2, **columns)
        note = self.visit()
        expect(note.get_by_text("older version than this browser has seen")).to_be_visible()
        note.get_by_role("button", name="It is all right").click()
        expect(note.get_by_text("older version than this browser")).to_be_hidden()
        self.visit()
        expect(note.get_by_text("older version than this browser")).to_be_hidden()

    def assert_notices_a_swapped_one(self, newest: Note) -> None:
        swapped = bytes(newest.ciphertext)
        Note.objects.update(ciphertext=swapped, salt=newest.salt, nonce=newest.nonce)
        note = self.visit()
        expect(note.get_by_text("it was damaged, or moved here")).to_be_visible()
        expect(note.get_by_role("button", name="Edit the note")).to_be_hidden()

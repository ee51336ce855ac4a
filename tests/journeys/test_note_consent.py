"""A note that the server may read: with consent, marked, and encrypted when its owner says so."""

from __future__ import annotations

from django.utils import timezone
from playwright.sync_api import Locator, expect

from audit.models import AuditEvent
from notes import services as notes
from notes.models import Note, Scheme
from tests.journeys.note_case import PASSWORD, NoteJourney
from vault.models import OtpEntry


class ReadableNotes(NoteJourney):
    def test_is_kept_readable_with_consent_and_encrypted_afterwards(self) -> None:
        note = self.visit()
        self.lock(self.page)
        expect(note.get_by_text("Your notes are locked in this browser.")).to_be_visible()
        self.keep_readable(note)
        self.assert_accessible(self.page, "a note that the server can read")
        self.open_after_a_slip()
        self.encrypt_all()

        note = self.visit()
        expect(note.locator(".note-text")).to_have_text("readable for now")
        note.get_by_role("link", name="Delete the note…").click()
        self.page.get_by_role("button", name="Delete the note").click()
        expect(note.get_by_text("Nothing yet.")).to_be_visible()
        assert self.faults == []

    def keep_readable(self, note: Locator) -> None:
        note.get_by_role("button", name="Write one the server can read").click()
        note.get_by_label("Text", exact=True).fill("readable for now")
        note.get_by_role("button", name="Save the note").click()
        expect(note.get_by_text("Tick the box first")).to_be_visible()
        assert not Note.objects.exists()
        note.get_by_label("The server may read this note").check()
        self.save(note)
        expect(note.get_by_text("The server can read it")).to_be_visible()

    def open_after_a_slip(self) -> None:
        self.open_with_password(self.page, "not the password of Ida 17")
        expect(self.page.get_by_text("This password does not open your notes.")).to_be_visible()
        self.assert_accessible(self.page, "the dialog that opens the notes")
        self.page.keyboard.press("Escape")
        self.open_with_password(self.page, PASSWORD)
        expect(self.header(self.page)).to_have_text("Notes are open")

    def encrypt_all(self) -> None:
        other = OtpEntry.objects.exclude(pk=self.entry.pk).get()
        notes.keep_for_server(other, "from a file", at=timezone.now())
        self.page.goto("/settings/notes/")
        self.assert_accessible(self.page, "the settings of notes")
        self.page.get_by_role("button", name="Encrypt 2 notes now").click()
        expect(self.page.get_by_text("Notes that the server can read")).to_have_count(0)
        assert set(Note.objects.values_list("scheme", "sealed_text")) == {(Scheme.E2E, "")}
        assert AuditEvent.objects.filter(event="notes.opened_for_migration").exists()

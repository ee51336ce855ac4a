from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django.utils import timezone

from audit import events
from audit.models import AuditEvent
from notes import services as notes
from notes.models import Note, NoteDraft, NoteIndex, NoteRevision, Scheme
from notes.refusals import (
    ChangedElsewhere,
    KeyInUse,
    KeyNotCurrent,
    NoSuchRevision,
    NoteExists,
    NoteLocked,
)
from notes.services import reading
from notes.tests import making, twin
from tests.base import TestCase
from vault import services as vault
from vault.models import OtpEntry
from vault.services import EntryGone


class NotesCase(TestCase):
    entry: ClassVar[OtpEntry]

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.entry = making.make_entry(cls.alice)

    def save(self, note: str = "Ask for Marta", *, base: int = 0, **changes: Any) -> None:
        wanted = changes.pop("sealed", None) or making.sealed(self.entry, note, revision=base + 1)
        notes.save_sealed(entry=self.entry, sealed=wanted, base=base, at=timezone.now(), **changes)

    def row(self) -> Note:
        return Note.objects.get(pk=self.entry.pk)


class SavingTests(NotesCase):
    def test_stores_what_the_browser_sealed(self) -> None:
        self.save("Ask for Marta")

        row = self.row()
        assert (row.scheme, row.revision, row.sealed_text) == (Scheme.E2E, 1, "")
        assert making.opened(row) == "Ask for Marta"

    def test_goes_on_from_the_revision_it_was_told(self) -> None:
        self.save("one")
        self.save("two", base=1)

        assert making.opened(self.row()) == "two"
        assert self.row().revision == 2

    def test_may_jump_over_revisions_that_a_browser_has_seen(self) -> None:
        self.save("one")
        self.save(sealed=making.sealed(self.entry, "far", revision=9), base=1)

        assert self.row().revision == 9

    def test_tells_the_second_window_what_the_first_wrote(self) -> None:
        self.save("one")
        self.save("two", base=1)

        with self.assertRaises(ChangedElsewhere) as caught:
            self.save("three", base=1)

        assert caught.exception.current is not None
        assert making.opened(caught.exception.current) == "two"
        assert making.opened(self.row()) == "two"

    def test_lets_one_of_two_first_notes_win(self) -> None:
        self.save("one")
        with self.assertRaises(ChangedElsewhere):
            self.save("other", base=0)
        assert making.opened(self.row()) == "one"

    def test_refuses_a_revision_that_does_not_rise(self) -> None:
        self.save("one")
        self.save("two", base=1)
        with self.assertRaises(ChangedElsewhere):
            self.save(sealed=making.sealed(self.entry, "again", revision=2), base=2)

    def test_finds_no_note_where_the_browser_has_seen_one(self) -> None:
        with self.assertRaises(ChangedElsewhere) as caught:
            self.save("later", base=3)
        assert caught.exception.current is None

    def test_refuses_a_key_that_is_not_the_current_one(self) -> None:
        for key in (making.key_of(self.bob), self.entry.pk):
            with self.assertRaises(KeyNotCurrent):
                self.save(sealed=making.sealed(self.entry, key=key))

    def test_is_not_left_on_an_entry_in_the_trash(self) -> None:
        vault.trash_entry(entry=self.entry, at=timezone.now())
        with self.assertRaises(EntryGone):
            self.save("late")

    def test_goes_with_its_entry(self) -> None:
        self.save("one")
        self.save("two", base=1)
        vault.trash_entry(entry=self.entry, at=timezone.now())
        vault.purge_entry(entry=self.entry, at=timezone.now())
        assert not Note.objects.exists()
        assert not NoteRevision.objects.exists()

    def test_records_neither_text_nor_size(self) -> None:
        self.save("one", codewords=bytes(512))
        self.save("two", base=1)

        rows = AuditEvent.objects.filter(event__startswith="notes.").order_by("id")
        assert [row.event for row in rows] == [events.NOTE_CREATED, events.NOTE_CHANGED]
        for row in rows:
            assert row.facts == {"entry": str(self.entry.pk)}
            assert row.details == {"issuer": "GitHub", "account": self.entry.subtitle}


class HistoryTests(NotesCase):
    def test_keeps_the_last_ten(self) -> None:
        for revision in range(14):
            self.save(f"note {revision + 1}", base=revision)

        kept = reading.revisions_of(self.entry)
        assert [row.revision for row in kept] == list(range(13, 3, -1))
        assert [making.opened(row) for row in kept[:2]] == ["note 13", "note 12"]

    def test_keeps_nothing_the_server_could_read(self) -> None:
        notes.keep_for_server(self.entry, "readable", at=timezone.now())
        self.save("sealed", base=1)
        assert not NoteRevision.objects.exists()
        assert self.row().sealed_text == ""


class DeletingTests(NotesCase):
    def test_deletes_everything_but_the_revision(self) -> None:
        self.save("one")
        self.save("two", base=1, codewords=bytes(512))
        notes.delete_note(entry=self.entry, base=2, at=timezone.now())

        row = self.row()
        assert (row.scheme, row.revision, bytes(row.ciphertext)) == (Scheme.NONE, 3, b"")
        assert row.vault_key_id is None
        assert not NoteRevision.objects.exists()
        assert not NoteIndex.objects.exists()
        assert AuditEvent.objects.filter(event=events.NOTE_DELETED).count() == 1

    def test_goes_on_from_the_revision_afterwards(self) -> None:
        self.save("one")
        notes.delete_note(entry=self.entry, base=1, at=timezone.now())
        with self.assertRaises(ChangedElsewhere):
            self.save("new", base=0)
        self.save("new", base=2)
        assert self.row().revision == 3
        assert AuditEvent.objects.filter(event=events.NOTE_CREATED).count() == 2

    def test_deletes_only_what_was_seen(self) -> None:
        self.save("one")
        self.save("two", base=1)
        with self.assertRaises(ChangedElsewhere):
            notes.delete_note(entry=self.entry, base=1, at=timezone.now())
        assert making.opened(self.row()) == "two"


class DraftTests(NotesCase):
    def draft(self, note: str, **changes: Any) -> None:
        wanted = making.sealed(self.entry, note, what=twin.DRAFT, **changes)
        notes.save_draft(entry=self.entry, sealed=wanted, at=timezone.now())

    def test_keeps_the_last_one(self) -> None:
        self.draft("half")
        self.draft("half a sent")
        assert making.opened(NoteDraft.objects.get(), what=twin.DRAFT) == "half a sent"

    def test_goes_when_the_note_is_saved(self) -> None:
        self.draft("half")
        self.save("whole")
        assert not NoteDraft.objects.exists()

    def test_needs_the_current_key(self) -> None:
        with self.assertRaises(KeyNotCurrent):
            self.draft("half", key=self.entry.pk)


class RekeyTests(NotesCase):
    new_key = b"n" * 32

    def rekeyed(self, note: str, revision: int, **changes: Any) -> Any:
        return making.sealed(self.entry, note, revision=revision, vault_key=self.new_key, **changes)

    def test_moves_everything_to_the_newer_key(self) -> None:
        self.save("one")
        self.save("two", base=1)
        half = making.sealed(self.entry, "half", revision=3, what=twin.DRAFT)
        notes.save_draft(entry=self.entry, sealed=half, at=timezone.now())
        old = making.key_of(self.alice)
        new = making.replace_key(self.alice)
        assert notes.state(self.alice).older == 3
        with self.assertRaises(KeyInUse):
            notes.forget_older_key(self.alice, old, at=timezone.now())

        self.save(sealed=self.rekeyed("two", 3), base=2, purpose=notes.Purpose.REKEY)
        notes.rekey_revision(entry=self.entry, sealed=self.rekeyed("one", 1), replaces=old)
        draft = self.rekeyed("half", 3, what=twin.DRAFT)
        notes.rekey_draft(entry=self.entry, sealed=draft, replaces=old)

        assert notes.state(self.alice).older == 0
        assert notes.state(self.alice).by_key == {new: 3}
        assert making.opened(self.row(), self.new_key) == "two"
        assert [making.opened(row, self.new_key) for row in reading.revisions_of(self.entry)] == [
            "one"
        ]
        notes.forget_older_key(self.alice, old, at=timezone.now())
        with self.assertRaises(KeyInUse):
            notes.forget_older_key(self.alice, old, at=timezone.now())

    def test_is_done_once(self) -> None:
        self.save("one")
        making.replace_key(self.alice)
        self.save(sealed=self.rekeyed("one", 2), base=1, purpose=notes.Purpose.REKEY)
        with self.assertRaises(ChangedElsewhere):
            self.save(sealed=self.rekeyed("one", 3), base=2, purpose=notes.Purpose.REKEY)
        with self.assertRaises(NoSuchRevision):
            notes.rekey_revision(
                entry=self.entry, sealed=self.rekeyed("x", 1), replaces=self.entry.pk
            )

    def test_never_forgets_the_key_in_use(self) -> None:
        with self.assertRaises(KeyInUse):
            notes.forget_older_key(self.alice, making.key_of(self.alice), at=timezone.now())

    def test_leaves_a_note_whose_key_is_closed(self) -> None:
        """A reset without any key: the older one is not wrapped under the newer."""
        from keyslots import services as keyslots
        from tests import base

        self.save("one")
        later = timezone.now() + timedelta(seconds=1)
        slot = base.slot_for("alice", self.alice.pk, vault_key=self.new_key)
        keyslots.start_vault_key(self.alice.pk, slot, at=later)

        with self.assertRaises(NoteLocked):
            self.save(sealed=self.rekeyed("over it", 2), base=1)
        assert making.opened(self.row()) == "one"
        # Its owner may still delete it.
        notes.delete_note(entry=self.entry, base=1, at=timezone.now())

    def test_saves_over_a_note_of_an_older_key_that_is_open(self) -> None:
        self.save("one")
        making.replace_key(self.alice)
        self.save(sealed=self.rekeyed("two", 2), base=1)
        assert making.opened(self.row(), self.new_key) == "two"


class KeepingTests(NotesCase):
    def keep(self, text: str = "From a file", **more: Any) -> None:
        notes.keep_for_server(self.entry, text, at=timezone.now(), **more)

    def test_gives_its_owner_the_note_back(self) -> None:
        self.keep(
            "From a file",
            fields=[{"name": "PIN", "value": "4711", "kind": "hidden"}],
            codes=["ab12"],
        )
        kept = notes.read_kept(self.row())
        assert kept.note == "From a file"
        assert kept.fields == [{"name": "PIN", "value": "4711", "kind": "hidden"}]
        assert kept.codes == [{"code": "ab12", "used_on": None}]
        assert "From a file" not in self.row().sealed_text
        assert AuditEvent.objects.filter(event=events.NOTE_KEPT).count() == 1

    def test_keeps_nothing_where_there_is_nothing(self) -> None:
        self.keep("")
        assert not Note.objects.exists()

    def test_never_replaces_a_note(self) -> None:
        self.save("sealed")
        for _ in range(2):
            with self.assertRaises(NoteExists):
                self.keep()
        assert making.opened(self.row()) == "sealed"

    def test_takes_the_place_of_a_deleted_one(self) -> None:
        self.save("sealed")
        notes.delete_note(entry=self.entry, base=1, at=timezone.now())
        self.keep("again")
        assert self.row().revision == 3
        assert notes.read_kept(self.row()).note == "again"

    def test_refuses_what_no_browser_could_seal(self) -> None:
        from notes.plain import TooLong

        with self.assertRaises(TooLong):
            self.keep("ä" * 33_000)
        self.keep("ä" * 32_700)

    def test_reads_nothing_that_a_browser_has_sealed(self) -> None:
        from notes.refusals import NotReadable

        self.save("sealed")
        with self.assertRaises(NotReadable):
            notes.read_kept(self.row())

    def test_is_encrypted_once(self) -> None:
        self.keep("From a file")
        assert [row.pk for row in notes.kept(self.alice)] == [self.entry.pk]
        sealed = making.sealed(self.entry, "From a file", revision=2)
        self.save(sealed=sealed, base=1, purpose=notes.Purpose.MIGRATION)

        assert (self.row().scheme, self.row().sealed_text) == (Scheme.E2E, "")
        assert not notes.kept(self.alice).exists()
        assert AuditEvent.objects.filter(event=events.NOTE_ENCRYPTED).count() == 1
        with self.assertRaises(ChangedElsewhere):
            self.save(
                sealed=making.sealed(self.entry, "x", revision=3),
                base=2,
                purpose=notes.Purpose.MIGRATION,
            )

    def test_records_that_it_was_opened_to_encrypt_it(self) -> None:
        notes.open_for_migration(self.alice, after=None, at=timezone.now())
        assert not AuditEvent.objects.filter(event=events.NOTES_OPENED).exists()
        self.keep()
        assert len(notes.open_for_migration(self.alice, after=None, at=timezone.now())) == 1
        assert AuditEvent.objects.filter(event=events.NOTES_OPENED).count() == 1

    def test_counts_without_looking_inside(self) -> None:
        self.keep()
        found = notes.counts()
        assert (found["server"], found["e2e"], found["none"]) == (1, 0, 0)

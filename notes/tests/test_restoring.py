"""A backup from before the newer key: its notes open, and move to the newer key again."""

from __future__ import annotations

from django.utils import timezone

from backups.tests import tools
from keyslots.models import KeySlot
from notes import services as notes
from notes.models import Note
from notes.tests import making, rotating

WRAP_KEY = b"w" * 32


class OlderBackupTests(tools.BackupsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.entries = [making.make_entry(self.alice, name) for name in ("One", "Two", "Three")]
        for entry in self.entries:
            making.write(entry, f"first on {entry.issuer}")
            making.write(entry, f"second on {entry.issuer}")
        self.all = self.texts()
        assert len(self.all) == 6
        self.backup = tools.make_backup()

    def test_opens_with_the_newest_slot_and_goes_on(self) -> None:
        self.start_a_newer_key()
        slots = set(KeySlot.objects.values_list("pk", "vault_key_id"))
        self.move_notes(3)

        tools.restore(self.backup, "replace", takes_backup_side=True)

        assert notes.state(self.alice).older == 6
        assert set(KeySlot.objects.values_list("pk", "vault_key_id")) == slots
        assert self.texts() == self.all
        self.move_notes(3)
        assert notes.state(self.alice).older == 0
        assert self.texts() == self.all

    def test_opens_after_a_move_that_was_interrupted(self) -> None:
        old = making.key_of(self.alice)
        self.start_a_newer_key()
        self.move_notes(1)
        unmoved = Note.objects.filter(vault_key_id=old).first()
        assert unmoved is not None
        unmoved.delete()

        tools.restore(self.backup, "missing")

        assert self.texts() == self.all
        self.move_notes(2)
        assert notes.state(self.alice).older == 0
        assert self.texts() == self.all

    def test_loses_them_only_where_the_owner_let_go_of_the_key(self) -> None:
        old = making.key_of(self.alice)
        self.start_a_newer_key()
        self.move_notes(3)
        assert notes.unused_keys(self.alice) == [old]
        notes.forget_older_key(self.alice, old, at=timezone.now())

        tools.restore(self.backup, "replace", takes_backup_side=True)

        assert old not in rotating.vault_keys(self.alice, WRAP_KEY)
        assert notes.state(self.alice).older == 6

    def start_a_newer_key(self) -> None:
        making.replace_key(self.alice)

    def move_notes(self, count: int) -> None:
        for _ in range(count):
            assert rotating.rekey_the_next(self.alice, wrap_key=WRAP_KEY)

    def texts(self) -> list[str]:
        return rotating.texts(self.alice, rotating.vault_keys(self.alice, WRAP_KEY))

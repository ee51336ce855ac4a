"""From PostgreSQL to SQLite and back, and on again: every row arrives as it was."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import skipUnless

from django.core.management import call_command
from django.db import connection, connections, transaction
from django.utils import timezone

from accounts.models import Passkey
from audit import services as audit
from backups import content, drills, keys, making, restores, restoring, rows, schema, scratch
from backups.course import Course
from backups.tests import tools
from backups.wishes import Wish
from notes.models import Note, NoteRevision, Scheme
from recovery.tests import people
from vault.models import OtpEntry

Rows = dict[str, list[tuple[object, ...]]]


@skipUnless(connection.vendor == "postgresql", "the other database besides SQLite is not here")
class BothDatabasesTests(tools.BackupsTestCase):
    def setUp(self) -> None:
        super().setUp()
        now = timezone.now()
        for number, name in enumerate(("Ünï “quoted”", "tab\tand \\N", "'; --", "日本 🗝")):
            entry = tools.add_entry(self.alice, name, type="hotp", counter=2**62 + number)
            tools.add_category(self.alice, name, entry)
            sealed = {"vault_key_id": uuid.uuid4(), "salt": b"\x00" * 32, "saved_at": now}
            note = Note.objects.create(
                entry=entry, owner=self.alice, scheme=Scheme.E2E, created_at=now, revision=2,
                nonce=b"\\x41", ciphertext=bytes(range(256)) * number * 100 + b"\xff\n", **sealed,
            )  # fmt: skip
            NoteRevision.objects.create(note=note, revision=1, ciphertext=b"\n", **sealed)
        OtpEntry.objects.filter(counter=2**62).update(trashed_at=now.replace(microsecond=0))
        people.add_factor(self.alice)
        people.make_codes(self.alice)
        Passkey.objects.create(
            user=self.alice, name="Key", credential_id="a", public_key=b"\x00\xff", created_at=now
        )
        audit.record("vault.entry_added", user=self.alice, details={"issuer": "“ü”"})

    def test_every_row_arrives_as_it_was(self) -> None:
        original = everything("default")

        with self.filled_sqlite(written("default", "one")) as first:
            on_sqlite, second_file = everything(first), written(first, "two")
        call_command("flush", interactive=False, verbosity=0)
        tools.restore(second_file)
        on_postgresql = everything("default")
        with self.filled_sqlite(written("default", "three")) as last:
            on_sqlite_again = everything(last)

        assert len(original) > 30
        assert original["vault.OtpEntry"]
        assert on_sqlite == original
        self.assert_held(original, on_postgresql)
        assert on_sqlite_again == on_postgresql

    def assert_held(self, before: Rows, after: Rows) -> None:
        """A restore adds to the log and to the notices, and changes none of what was there."""
        for label, found in before.items():
            if label.startswith(("audit.", "notifications.")):
                missing = [row for row in found if row not in after[label]]
                assert label == "audit.ChainHead" or missing == [], label
            else:
                assert after[label] == found, label

    @contextmanager
    def filled_sqlite(self, file: Path) -> Iterator[str]:
        with restores.opened(file, keys.own_opener()) as source, scratch.database() as target:
            # Another connection shall read it, too.
            connections[target].connection.execute("PRAGMA locking_mode=NORMAL")
            schema.create_at_once(target, content.all_models(), schema.current())
            for label in content.BY_NAME:
                drills.copy_numbered(source.alias, target, label)
            course = Course(source.alias, target, Wish("replace"), source.carried.ring, "")
            with transaction.atomic(using=target):
                restoring.run(course)
            yield target


def written(alias: str, name: str) -> Path:
    return making.write(
        backup_id=uuid.uuid4(), kind="manual", name=name, at=timezone.now(), alias=alias
    ).path


def everything(alias: str) -> Rows:
    """All rows that a restore brings into an empty site, in one order whatever the database."""
    found: Rows = {}
    for model in content.stored_models():
        table = content.table(model)
        if table.policy == content.NEVER:
            continue
        # The numbers of a joining table mean nothing.
        skip = table.columns.index("id") if table.is_link else len(table.columns)
        batches = rows.in_batches(alias, model)
        kept = [(*row[:skip], *row[skip + 1 :]) for batch in batches for row in batch]
        found[table.label] = sorted(kept, key=repr)
    return found

"""What is written into notes and sought in them leaves no trace on the server."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import redis
from django.conf import settings
from django.core import mail
from django.db import connections
from django.test import override_settings
from playwright.sync_api import Locator, expect

from backups import container, pipeline
from backups import keys as backup_keys
from backups.tests import tools
from keyslots import crypto
from notes.models import Note, NoteDraft, NoteIndex, Scheme
from tests.journeys.note_case import PASSWORD, NoteJourney

# Words that nothing else on the site uses.
NOTE, HIDDEN, FIELD, CODE = "quagmire", "zymurgy", "flotsamjetsam", "wx77-kz88"
CANARIES = (NOTE, HIDDEN, FIELD, CODE, PASSWORD)


class Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__(level=0)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()} {record.args} {record.__dict__}")


class TracesOfNotes(NoteJourney):
    def setUp(self) -> None:
        self.records = Records()
        logging.getLogger().addHandler(self.records)
        self.addCleanup(logging.getLogger().removeHandler, self.records)
        super().setUp()

    def test_leaves_none_of_what_is_written_and_searched(self) -> None:
        note = self.visit()
        expect(self.header(self.page)).to_have_text("Notes are open")
        self.write_everything(note)
        self.assert_shown_safely(note)
        self.use_a_code(note)
        self.assert_found_in_the_browser()
        self.assert_no_trace()

        self.choose_the_index()
        self.assert_found_by_the_index()
        self.assert_no_trace()
        self.assert_accessible(self.page, "the list with a hit in a note")
        assert self.faults == []

    # What is done.

    def write_everything(self, note: Locator) -> None:
        self.write(note, f"# Bank\n\nAsk at **{NOTE}** <img src=x onerror=alert(1)>")
        self.add_field(note, "PIN", "hidden", HIDDEN)
        self.add_field(note, "Branch", "text", FIELD)
        self.add_field(note, "Portal", "url", "javascript:alert(1)")
        note.get_by_label("Recovery codes to add").fill(f"1. {CODE}\n2. yy11-zz22")
        expect(note.get_by_text("Draft kept, encrypted.")).to_be_visible()
        assert NoteDraft.objects.count() == 1
        self.save(note)
        assert not NoteDraft.objects.exists()
        assert Note.objects.get().scheme == Scheme.E2E

    def use_a_code(self, note: Locator) -> None:
        note.get_by_label("Used: Code 2").check()
        expect(note.get_by_text("This is the last unused recovery code.")).to_be_visible()
        expect(note.get_by_text("used on")).to_be_visible()
        self.assert_accessible(self.page, "an open note")

    def choose_the_index(self) -> None:
        self.page.goto("/settings/notes/")
        self.page.get_by_label("Always with the blind index on the server").check()
        self.page.get_by_role("button", name="Save").click()
        self.page.get_by_role("button", name="Index the notes that are missing").click()
        expect(self.page.get_by_text("Every note is in the index.")).to_be_visible()
        assert len(NoteIndex.objects.get().codewords) % 512 == 0

    # What is seen.

    def assert_shown_safely(self, note: Locator) -> None:
        expect(note.locator(".note-text strong")).to_have_text(NOTE)
        expect(note.locator(".note-text img, .note-fields a")).to_have_count(0)
        expect(note.get_by_text(HIDDEN)).to_have_count(0)
        note.get_by_role("button", name="Show: PIN").click()
        expect(note.get_by_text(HIDDEN)).to_be_visible()

    def assert_found_in_the_browser(self) -> None:
        for words in (NOTE[:4], f"{FIELD[:5]} {NOTE}"):
            cards = self.search(words)
            expect(cards).to_have_count(1)
            expect(cards.locator("mark").first).to_be_visible()
        for words in (HIDDEN, "wx77"):
            expect(self.search(words)).to_have_count(0)
        assert not NoteIndex.objects.exists()

    def assert_found_by_the_index(self) -> None:
        with self.page.expect_response("**/notes/search/") as searched:
            expect(self.search(NOTE[:5])).to_have_count(1)
        assert searched.value.json()["entries"] == [str(self.entry.pk)]
        expect(self.search(HIDDEN)).to_have_count(0)

    # What must not be found.

    def places(self) -> Iterator[tuple[str, bytes]]:
        """Everything that a server keeps or writes down."""
        for alias in connections:
            yield f"database {alias}", _stored(alias)
        yield "log", "\n".join(self.records.lines).encode()
        yield "mail", "\n".join(str(each.message()) for each in mail.outbox).encode()
        yield "cache", _cached()
        yield "backup", _backed_up()
        for path in sorted(settings.VAR.rglob("*")):
            if path.is_file():
                yield str(path), path.read_bytes()

    def assert_no_trace(self) -> None:
        for word in CANARIES:
            self.assert_never_sent(word)
        keys = self.keys()
        for place, content in self.places():
            for word in CANARIES:
                assert word.encode() not in content, (word, place)
            for name, key in keys.items():
                for form in (key, key.hex().encode(), crypto.encode_base64url(key).encode()):
                    assert form not in content, (name, place)
        del keys["auth secret"]
        for key in keys.values():
            self.assert_never_sent(crypto.encode_base64url(key))
            self.assert_never_sent(key.hex())


def _stored(alias: str) -> bytes:
    connection = connections[alias]
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        return bytes(connection.connection.serialize())
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608 - a table's own name
            rows += [row[0] for row in cursor.fetchall()]
    return "\n".join(rows).encode()


def _cached() -> bytes:
    """What the cache and the broker hold in Redis; without it both are databases and files."""
    found = []
    for url in {settings.REDIS_URL, settings.CACHES["default"]["LOCATION"]}:
        if url.startswith("redis"):
            with redis.Redis.from_url(url) as client:
                found += [key + b" " + (client.dump(key) or b"") for key in client.scan_iter()]
    return b"\n".join(found)


def _backed_up() -> bytes:
    """What a backup of now holds, decrypted."""
    with tempfile.TemporaryDirectory() as folder:
        with override_settings(BACKUP_DIRECTORY=Path(folder) / "backups"):
            path = pipeline.local_file(tools.make_backup())
            with path.open("rb") as file:
                reader = container.Reader(file)
                reader.open(backup_keys.own_opener().data_key(reader.header))
                content = b"\n".join(reader.content())
    assert b"notes_note" in content
    return content

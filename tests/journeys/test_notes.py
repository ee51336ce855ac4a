"""Encrypted notes in a browser: written, searched, disputed, locked, moved to a newer key."""

from __future__ import annotations

import logging
import re
import secrets
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import redis
from django.conf import settings
from django.core import mail
from django.db import connections
from django.test import override_settings
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from accounts import sign_up as sign_ups
from accounts.models import User
from audit.models import AuditEvent
from backups import container, pipeline
from backups import keys as backup_keys
from backups.tests import tools
from keyslots import crypto, recovery, services
from notes import services as notes
from notes.models import Note, NoteDraft, NoteIndex, Scheme
from notes.tests import making, twin
from tests.journeys.browser import BrowserTestCase, sign_up
from vault.models import OtpEntry

ADDRESS = "ida@example.com"
PASSWORD = "kettle drum orchard 84 lantern"
# Words that nothing else on the site uses.
NOTE, HIDDEN, FIELD, CODE = "quagmire", "zymurgy", "flotsamjetsam", "wx77-kz88"

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


class Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__(level=0)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()} {record.args} {record.__dict__}")


class NoteJourneys(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.records = Records()
        logging.getLogger().addHandler(self.records)
        self.addCleanup(logging.getLogger().removeHandler, self.records)
        self.page = self.new_page()
        self.page.goto(sign_ups.invite(email=ADDRESS, invited_by=None, at=timezone.now()))
        sign_up(self.page, email=None, name="Ida", password=PASSWORD)
        self.page.wait_for_url(f"{self.live_server_url}/")
        self.user = User.objects.get(email=ADDRESS)
        self.entry = making.make_entry(self.user, "Larch Bank")
        making.make_entry(self.user, "Other Place")

    # What a person does.

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

    # What must not be found.

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
        for word in (NOTE, HIDDEN, FIELD, CODE, PASSWORD):
            self.assert_never_sent(word)
        keys = self.keys()
        for place, content in self.places():
            for word in (NOTE, HIDDEN, FIELD, CODE, PASSWORD):
                assert word.encode() not in content, (word, place)
            for name, key in keys.items():
                for form in (key, key.hex().encode(), crypto.encode_base64url(key).encode()):
                    assert form not in content, (name, place)
        del keys["auth secret"]
        for key in keys.values():
            self.assert_never_sent(crypto.encode_base64url(key))
            self.assert_never_sent(key.hex())

    # The journeys.

    def test_leaves_no_trace_of_what_is_written_and_searched(self) -> None:
        note = self.visit()
        expect(self.header(self.page)).to_have_text("Notes are open")
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
        expect(note.locator(".note-text strong")).to_have_text(NOTE)
        expect(note.locator(".note-text img, .note-fields a")).to_have_count(0)
        expect(note.get_by_text(HIDDEN)).to_have_count(0)
        note.get_by_role("button", name="Show: PIN").click()
        expect(note.get_by_text(HIDDEN)).to_be_visible()

        note.get_by_label("Used: Code 2").check()
        expect(note.get_by_text("This is the last unused recovery code.")).to_be_visible()
        expect(note.get_by_text("used on")).to_be_visible()
        self.assert_accessible(self.page, "an open note")

        for words in (NOTE[:4], f"{FIELD[:5]} {NOTE}"):
            cards = self.search(words)
            expect(cards).to_have_count(1)
            expect(cards.locator("mark").first).to_be_visible()
        for words in (HIDDEN, "wx77"):
            expect(self.search(words)).to_have_count(0)
        assert not NoteIndex.objects.exists()
        self.assert_no_trace()

        self.page.goto("/settings/notes/")
        self.page.get_by_label("Always with the blind index on the server").check()
        self.page.get_by_role("button", name="Save").click()
        self.page.get_by_role("button", name="Index the notes that are missing").click()
        expect(self.page.get_by_text("Every note is in the index.")).to_be_visible()
        assert len(NoteIndex.objects.get().codewords) % 512 == 0
        with self.page.expect_response("**/notes/search/") as searched:
            expect(self.search(NOTE[:5])).to_have_count(1)
        assert searched.value.json()["entries"] == [str(self.entry.pk)]
        expect(self.search(HIDDEN)).to_have_count(0)
        self.assert_no_trace()
        self.assert_accessible(self.page, "the list with a hit in a note")
        assert self.faults == []

    def test_keeps_both_versions_and_says_what_is_wrong(self) -> None:
        note = self.visit()
        self.write(note, "first words")
        self.save(note)
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

        note.get_by_role("button", name="Earlier versions").click()
        note.get_by_text("Version 2,").click()
        note.get_by_role("button", name="Restore").first.click()
        expect(note.get_by_label("Text", exact=True)).to_have_value("theirs, sooner")
        note.get_by_role("button", name="Cancel").click()

        newest = Note.objects.get()
        Note.objects.update(revision=2, **_columns(newest, revision=2))
        note = self.visit()
        expect(note.get_by_text("older version than this browser has seen")).to_be_visible()
        note.get_by_role("button", name="It is all right").click()
        self.visit()
        expect(note.get_by_text("older version than this browser")).to_be_hidden()
        swapped = bytes(newest.ciphertext)
        Note.objects.update(ciphertext=swapped, salt=newest.salt, nonce=newest.nonce)
        note = self.visit()
        expect(note.get_by_text("it was damaged, or moved here")).to_be_visible()
        expect(note.get_by_role("button", name="Edit the note")).to_be_hidden()
        Note.objects.all().delete()
        note = self.visit()
        expect(note.get_by_text("that the server no longer has")).to_be_visible()

    def test_is_locked_kept_readable_with_consent_and_encrypted(self) -> None:
        note = self.visit()
        self.lock(self.page)
        expect(note.get_by_text("Your notes are locked in this browser.")).to_be_visible()
        note.get_by_role("button", name="Write one the server can read").click()
        note.get_by_label("Text", exact=True).fill("readable for now")
        note.get_by_role("button", name="Save the note").click()
        expect(note.get_by_text("Tick the box first")).to_be_visible()
        assert not Note.objects.exists()
        note.get_by_label("The server may read this note").check()
        self.save(note)
        expect(note.get_by_text("The server can read it")).to_be_visible()
        self.assert_accessible(self.page, "a note that the server can read")

        self.open_with_password(self.page, "not the password of Ida 17")
        expect(self.page.get_by_text("This password does not open your notes.")).to_be_visible()
        self.assert_accessible(self.page, "the dialog that opens the notes")
        self.page.keyboard.press("Escape")
        self.open_with_password(self.page, PASSWORD)
        expect(self.header(self.page)).to_have_text("Notes are open")

        notes.keep_for_server(
            OtpEntry.objects.exclude(pk=self.entry.pk).get(), "from a file", at=timezone.now()
        )
        self.page.goto("/settings/notes/")
        self.assert_accessible(self.page, "the settings of notes")
        self.page.get_by_role("button", name="Encrypt 2 notes now").click()
        expect(self.page.get_by_text("Notes that the server can read")).to_have_count(0)
        assert set(Note.objects.values_list("scheme", "sealed_text")) == {(Scheme.E2E, "")}
        events = AuditEvent.objects.filter(event__startswith="notes.").values_list("event")
        assert ("notes.opened_for_migration",) in events

        self.page.goto("/settings/security/keys/replace/")
        self.page.locator("#id_password").fill(PASSWORD)
        self.page.get_by_role("button", name="Start the new key").click()
        self.page.wait_for_url("**/settings/security/keys/")
        expect(self.header(self.page)).to_have_text("Notes are open")
        self.page.goto("/settings/notes/")
        self.page.get_by_role("button", name="Encrypt them with the newer key").click()
        expect(self.page.get_by_text("An earlier key is no longer needed")).to_be_visible()
        state = notes.state(self.user)
        assert (state.older, state.by_key) == (0, {state.vault_key_id: 2})
        note = self.visit()
        expect(note.locator(".note-text")).to_have_text("readable for now")
        note.get_by_role("link", name="Delete the note…").click()
        self.page.get_by_role("button", name="Delete the note").click()
        expect(note.get_by_text("Nothing yet.")).to_be_visible()
        assert self.faults == []

    def test_opens_in_every_way_and_names_what_it_cannot(self) -> None:
        vault_key, key = self.keys()["vault key"], making.key_of(self.user)
        paper = secrets.token_bytes(32)
        self.add_recovery_slot(vault_key, key, paper)
        newer = twin.seal(
            vault_key,
            {**twin.plain_of("x"), "v": 2},
            user=self.user.pk,
            key=key,
            entry=self.entry.pk,
        )
        notes.save_sealed(entry=self.entry, sealed=newer, base=0, at=timezone.now())
        note = self.visit()
        expect(note.get_by_text("written by a newer version of AuthNode")).to_be_visible()
        Note.objects.update(vault_key_id=self.entry.pk)
        note = self.visit()
        expect(note.get_by_text("closed with an earlier key that is not open")).to_be_visible()
        Note.objects.all().delete()

        self.lock(self.page)
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

        self.write(self.visit(), "typed just before the lock")
        self.page.evaluate(LOCK_IS_NEAR)
        assert making.opened(NoteDraft.objects.get(), vault_key, what=twin.DRAFT) == (
            "typed just before the lock"
        )

        self.say_without("crypto", "subtle", "offers no cryptography on this address")
        self.say_without("window", "indexedDB", "This browser keeps nothing")

    def say_without(self, owner: str, name: str, said: str) -> None:
        """What the dialog says in a browser that lacks something."""
        context = self.new_context()
        context.add_cookies(
            [
                {"name": each["name"], "value": each["value"], "url": self.live_server_url}
                for each in self.page.context.cookies()
            ]
        )
        target = "Crypto.prototype" if owner == "crypto" else "window"
        context.add_init_script(
            f"Object.defineProperty({target}, '{name}', {{ get: () => undefined }});"
        )
        page = context.new_page()
        page.goto("/")
        expect(self.header(page)).to_have_text("Notes are locked")
        self.open_with_password(page, PASSWORD)
        expect(page.locator("#notes-dialog").get_by_text(said)).to_be_visible()

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


def _columns(row: Note, **changes: object) -> dict[str, object]:
    earlier = row.revisions.get(**changes)
    return {name: getattr(earlier, name) for name in ("salt", "nonce", "ciphertext")}


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

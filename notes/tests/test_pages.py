from __future__ import annotations

import json
from typing import Any

from django.utils import timezone

from audit import events
from audit.models import AuditEvent
from keyslots import crypto
from notes import services as notes
from notes.models import Note, NoteDraft, NoteIndex, NotePreference
from notes.services import reading
from notes.tests import making, twin
from notes.tests.test_saving import NotesCase
from tests.base import TestCase


class Talking(NotesCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")
        self.home = f"/notes/{self.entry.pk}/"

    def post(self, address: str, body: Any, *, status: int = 200) -> Any:
        answer = self.client.post(address, json.dumps(body), content_type="application/json")
        assert answer.status_code == status, answer.content
        return answer.json() if answer.content else None

    def save_posted(self, note: str = "Marta", *, base: int = 0, **changes: Any) -> Any:
        status = changes.pop("status", 200)
        sealed = making.sealed(self.entry, note, revision=base + 1).as_wire()
        body = {"v": 1, "purpose": "save", "base": base, "sealed": sealed, "codewords": None}
        return self.post(self.home, {**body, **changes}, status=status)


class NoteTests(Talking):
    def test_gives_back_what_was_sealed(self) -> None:
        assert self.client.get(self.home).json()["note"] is None
        saved = self.save_posted()

        got = self.client.get(self.home)
        assert got.json() == saved
        assert saved["note"]["plain"] is None
        assert saved["note"]["sealed"]["revision"] == 1
        assert making.opened(Note.objects.get()) == "Marta"
        assert "no-store" in got.headers["Cache-Control"]

    def test_answers_the_other_version_to_the_second_window(self) -> None:
        self.save_posted("one")
        self.save_posted("two", base=1)
        refused = self.save_posted("three", base=1, status=409)
        assert refused["error"] == "changed"
        assert refused["current"]["revision"] == 2

    def test_stores_an_index_with_the_note(self) -> None:
        words = crypto.encode_base64url(b"".join(at.to_bytes(8) for at in range(64)))
        self.save_posted(codewords=words)
        assert len(NoteIndex.objects.get().codewords) == 512

    def test_refuses_another_shape_without_repeating_it(self) -> None:
        sealed = making.sealed(self.entry).as_wire()
        for changes in (
            {"v": 2},
            {"purpose": "look"},
            {"base": -1},
            {"base": True},
            {"sealed": {**sealed, "salt": "canary-canary"}},
            {"sealed": None},
            {"codewords": "AAAA"},
        ):
            with self.subTest(changes):
                refused = self.save_posted(status=400, **changes)
                assert refused == {"error": "malformed", "message": ""}

    def test_says_that_the_key_is_another(self) -> None:
        sealed = making.sealed(self.entry, key=making.key_of(self.bob)).as_wire()
        assert self.save_posted(sealed=sealed, status=409)["error"] == "key"

    def test_keeps_and_drops_drafts(self) -> None:
        sealed = making.sealed(self.entry, "half", what=twin.DRAFT).as_wire()
        self.post(f"{self.home}draft/", {"v": 1, "sealed": sealed}, status=204)
        assert self.client.get(self.home).json()["draft"]["sealed"] == sealed
        self.post(f"{self.home}draft/", {"v": 1, "sealed": None}, status=204)
        assert not NoteDraft.objects.exists()

    def test_lists_earlier_versions(self) -> None:
        self.save_posted("one")
        self.save_posted("two", base=1)
        rows = self.client.get(f"{self.home}revisions/").json()["revisions"]
        assert [row["sealed"]["revision"] for row in rows] == [1]

    def test_keeps_a_readable_note_only_with_consent(self) -> None:
        body = {"v": 1, "base": 0, "plain": twin.plain_of("readable")}
        self.post(f"{self.home}keep/", body, status=400)
        assert not Note.objects.exists()
        answer = self.post(f"{self.home}keep/", {**body, "consent": True})
        assert answer["note"]["plain"]["note"] == "readable"
        self.save_posted("sealed", base=1)
        refused = self.post(f"{self.home}keep/", {**body, "base": 2, "consent": True}, status=409)
        assert refused["error"] == "exists"

    def test_is_not_there_for_others(self) -> None:
        self.save_posted()
        self.sign_in_as("bob", client := self.client_class())
        for tail in ("", "revisions/", "delete/"):
            assert client.get(f"{self.home}{tail}").status_code == 404
        assert self.client_class().get(self.home).status_code == 302

    def test_deletes_on_a_page_of_its_own(self) -> None:
        self.save_posted()
        page = self.client.get(f"{self.home}delete/")
        self.assertContains(page, "all earlier versions")
        late = self.client.post(f"{self.home}delete/", {"base": "7"}, follow=True)
        self.assertContains(late, "Nothing was deleted")
        done = self.client.post(f"{self.home}delete/", {"base": "1"}, follow=True)
        self.assertContains(done, "The note is deleted.")
        assert self.client.get(self.home).json()["note"]["scheme"] == "none"


class ManyTests(Talking):
    def test_gives_the_notes_of_certain_entries(self) -> None:
        self.save_posted()
        foreign = making.make_entry(self.bob)
        making.write(foreign)
        ids = [str(self.entry.pk), str(foreign.pk)]
        rows = self.post("/notes/some/", {"v": 1, "entries": ids})["notes"]
        assert [row["entry_id"] for row in rows] == [str(self.entry.pk)]
        self.post("/notes/some/", {"v": 1, "entries": ["x"]}, status=400)
        self.post("/notes/some/", {"v": 1, "entries": ids * 200}, status=400)

    def test_gives_all_notes_page_by_page(self) -> None:
        for number in range(3):
            making.write(making.make_entry(self.alice, str(number)))
        seen, after = [], ""
        with self.settings():
            reading.MOST_AT_ONCE, kept = 2, reading.MOST_AT_ONCE
            try:
                while (answer := self.client.get(f"/notes/all/?after={after}").json())["notes"]:
                    seen += [row["entry_id"] for row in answer["notes"]]
                    after = answer["last"]
            finally:
                reading.MOST_AT_ONCE = kept
        assert len(seen) == len(set(seen)) == 3

    def test_gives_only_what_hangs_on_an_older_key(self) -> None:
        making.write(self.entry)
        assert self.client.get("/notes/all/?which=older").json()["notes"] == []
        new = making.replace_key(self.alice)
        rows = self.client.get("/notes/all/?which=older").json()["notes"]
        assert [row["entry_id"] for row in rows] == [str(self.entry.pk)]
        assert self.client.get("/notes/state/").json()["vault_key_id"] == str(new)

    def test_weighs_its_answers(self) -> None:
        for number in range(3):
            making.write(making.make_entry(self.alice, str(number)), "x" * 30_000)
        reading.MOST_BYTES, kept = 70_000, reading.MOST_BYTES
        try:
            assert len(self.client.get("/notes/all/").json()["notes"]) == 2
        finally:
            reading.MOST_BYTES = kept

    def test_searches_with_trapdoors(self) -> None:
        making.write(self.entry, "Marta", indexed=True)
        door = crypto.encode_base64url(twin.trapdoor(twin.index_key(making.VAULT_KEY), "marta"))
        query = {"vault_key_id": str(making.key_of(self.alice)), "trapdoors": [door]}
        answer = self.post("/notes/search/", {"v": 1, "queries": [query]})
        assert answer == {"v": 1, "entries": [str(self.entry.pk)], "unindexed": []}
        no_doors, short = {**query, "trapdoors": []}, {**query, "trapdoors": ["A"]}
        refused: tuple[Any, ...] = ([], None, [{}], [no_doors], [short])
        for queries in refused:
            self.post("/notes/search/", {"v": 1, "queries": queries}, status=400)

    def test_hands_out_readable_notes_to_encrypt_them(self) -> None:
        notes.keep_for_server(self.entry, "From a file", at=timezone.now())
        rows = self.post("/notes/readable/", {"v": 1, "after": None})["notes"]
        assert rows[0]["plain"]["note"] == "From a file"
        assert AuditEvent.objects.filter(event=events.NOTES_OPENED).count() == 1
        after = rows[0]["entry_id"]
        assert self.post("/notes/readable/", {"v": 1, "after": after})["notes"] == []

    def test_says_that_a_readable_note_is_damaged(self) -> None:
        notes.keep_for_server(self.entry, "From a file", at=timezone.now())
        Note.objects.update(sealed_text="k1:broken")
        row = self.client.get(self.home).json()["note"]
        assert (row["plain"], row["is_damaged"]) == (None, True)


class SettingsTests(TestCase):
    def test_offers_what_is_to_do(self) -> None:
        self.sign_in_as("alice")
        calm = self.client.get("/settings/notes/")
        self.assertNotContains(calm, "Encrypt 1 note now")
        entry = making.make_entry(self.alice)
        notes.keep_for_server(entry, "From a file", at=timezone.now())
        self.assertContains(self.client.get("/settings/notes/"), "Encrypt 1 note now")
        making.write(making.make_entry(self.alice, "Other"))
        making.replace_key(self.alice)
        self.assertContains(self.client.get("/settings/notes/"), "Closed with an earlier key")

    def test_chooses_where_notes_are_searched(self) -> None:
        self.sign_in_as("alice")
        self.client.post("/settings/notes/search/", {"place": "index"})
        assert NotePreference.objects.get().search == "index"
        assert self.client.get("/notes/state/").json()["place"] == "index"
        self.client.post("/settings/notes/search/", {"place": "elsewhere"})
        assert NotePreference.objects.get().search == "index"

    def test_lets_go_of_an_older_key(self) -> None:
        self.sign_in_as("alice")
        old = making.key_of(self.alice)
        making.replace_key(self.alice)
        page = f"/settings/notes/keys/{old}/forget/"
        self.assertContains(self.client.get("/settings/notes/"), page)
        self.assertContains(self.client.get(page), "Older backups")
        self.client.post(page)
        assert self.client.get(page).status_code == 404
        self.assertNotContains(self.client.get("/settings/notes/"), page)

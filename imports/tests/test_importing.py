from __future__ import annotations

import unittest
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from audit.models import AuditEvent
from core import sealing
from imports import head as heads
from imports import packing, pieces, services
from imports.models import ImportBatch, ImportedEntry, ImportPiece
from imports.refusals import CannotBeUndone, ImportGone, NothingChosen
from imports.services import Choices, finishing
from imports.services.noting import plain_of
from imports.tests.making import NOON, given, make_import
from notes import services as notes
from notes.models import Note
from tests.base import TestCase, TransactionTestCase
from vault import services as vault
from vault.formats import authnode_json, container, detection
from vault.formats.account import OtpAccount
from vault.models import Category, OtpEntry
from vault.tests import foreign
from vault.tests.foreign import PASSWORD
from vault.tests.making import account, make_entry, picture

WEEK = timedelta(days=7)


class ImportTests(TestCase):
    def choose(self, batch: ImportBatch, **choices: Any) -> None:
        chosen = Choices(**choices)
        services.choose(batch=batch, page=0, choices=chosen, at=NOON)

    def finish(self, batch: ImportBatch, **choices: Any) -> None:
        if choices:
            self.choose(batch, **choices)
        services.import_batch(batch=batch, at=NOON)

    def test_adds_what_is_new(self) -> None:
        row = account(1, type="hotp", counter=7, digits=8, algorithm="SHA512", favourite=True)
        self.finish(make_import(self.alice, row, account(2)))

        entry = OtpEntry.objects.for_owner(self.alice).get(type="hotp")
        assert sealing.open_field(entry, "sealed_secret") == row.secret
        assert (entry.counter, entry.digits, entry.algorithm) == (7, 8, "SHA512")
        assert OtpEntry.objects.for_owner(self.alice).count() == 2

    def test_skips_replaces_and_keeps_both(self) -> None:
        for number in (1, 2, 3):
            make_entry(self.alice, number, issuer="Old")
        rows = [account(number, issuer="New") for number in (1, 2, 3)]
        self.finish(make_import(self.alice, *rows), decisions={0: "skip", 1: "replace", 2: "add"})

        issuers = OtpEntry.objects.live().order_by("issuer", "position")
        assert [row.issuer for row in issuers] == ["New", "New", "Old", "Old"]
        replaced = OtpEntry.objects.get(imports__sealed_former__gt="")
        assert (replaced.issuer, replaced.position) == ("New", 1)

    def test_never_takes_a_counter_back(self) -> None:
        entry = make_entry(self.alice, 1, type="hotp", counter=50)
        old = account(1, type="hotp", counter=3, issuer="New")
        self.finish(make_import(self.alice, old), decisions={0: "replace"})

        entry.refresh_from_db()
        assert (entry.issuer, entry.counter) == ("New", 50)

    def test_makes_categories_of_groups_as_chosen(self) -> None:
        home = vault.add_category(owner=self.alice, name="Home", at=NOON)
        rows = [account(1, categories=("Work",)), account(2, categories=("Old",))]
        rows.append(account(3, categories=("Private",)))
        batch = services.start(owner=self.alice, files=[given(foreign.stratum(rows))], at=NOON)

        self.finish(batch, chosen={0, 1, 2}, groups={"Old": "", "Private": "home"})

        assert set(Category.objects.values_list("name", flat=True)) == {"Home", "Work"}
        assert home.entries.count() == 1
        assert OtpEntry.objects.filter(categories=None).count() == 1

    def test_keeps_notes_for_the_server_when_wanted(self) -> None:
        row = account(1, note="first\nsecond")
        batch = services.start(owner=self.alice, files=[given(foreign.bitwarden([row]))], at=NOON)

        self.finish(batch, chosen={0}, takes_notes=True)

        entry = OtpEntry.objects.get()
        assert notes.read_kept(entry.note).note == "first\nsecond"
        assert batch.note_count == 1

    def test_gives_a_note_of_our_own_file_back_with_its_fields_and_codes(self) -> None:
        fields = (("PIN", " 1234 ", "hidden"), ("", "https://example.com", "url"))
        codes = (("abc-1", ""), ("abc-2", "2026-03-01"))
        row = account(1, note=" first\n", note_fields=fields, note_codes=codes)
        bare = account(2, note_codes=codes)
        sealing = container.make_sealing(PASSWORD)
        content = b"".join(container.write(authnode_json.write([row, bare, account(3)]), sealing))
        opened = detection.read(content, password=PASSWORD)
        batch = services.start(
            owner=self.alice,
            files=[given(b"".join(authnode_json.write(opened.accounts)))],
            at=NOON,
        )
        assert heads.load(batch).has_notes

        self.finish(batch)

        first, second = (note for note in Note.objects.order_by("entry__position"))
        assert notes.read_kept(first).as_wire() == {
            "v": 1,
            "note": " first\n",
            "fields": [
                {"name": "PIN", "value": " 1234 ", "kind": "hidden"},
                {"name": "", "value": "https://example.com", "kind": "url"},
            ],
            "codes": [
                {"code": "abc-1", "used_on": None},
                {"code": "abc-2", "used_on": "2026-03-01"},
            ],
        }
        assert [row["code"] for row in notes.read_kept(second).codes] == ["abc-1", "abc-2"]

    def test_cuts_a_note_to_what_one_may_take(self) -> None:
        long = account(1, note="ü" * 80_000, note_codes=(("abc", ""),))
        wide = account(2, note="kept", note_fields=(("n", "ü" * 80_000, "text"),))
        blank = account(3, note=" \n")

        cut, without_fields, nothing = (plain_of(row) for row in (long, wide, blank))

        assert cut and without_fields and nothing is None
        assert 32_600 < len(cut.note) < 32_768 and cut.codes
        assert (without_fields.note, without_fields.fields) == ("kept", ())

    def test_drops_notes_that_are_not_wanted(self) -> None:
        row = account(1, note="the password is 1234")
        batch = services.start(owner=self.alice, files=[given(foreign.bitwarden([row]))], at=NOON)

        self.finish(batch)

        assert not notes.kept(self.alice).exists()

    def test_takes_looks_and_website_of_our_own_file(self) -> None:
        row = account(1, website="https://example.com/", icon="github", tint=4)
        row = OtpAccount(**{**packing_fields(row), "picture": picture(kind="PNG")})
        content = b"".join(authnode_json.write([row]))
        batch = services.start(owner=self.alice, files=[given(content)], at=NOON)

        self.finish(batch)

        entry = OtpEntry.objects.get()
        assert (entry.website, entry.icon, entry.tint) == ("https://example.com/", "github", 4)
        assert entry.is_icon_chosen
        assert vault.icon_of(entry)

    def test_draws_pictures_for_a_while_only(self) -> None:
        row = OtpAccount(**{**packing_fields(account(1)), "picture": picture(kind="PNG")})
        content = b"".join(authnode_json.write([row]))
        batch = services.start(owner=self.alice, files=[given(content)], at=NOON)

        with mock.patch.object(finishing, "PICTURE_SECONDS", 0):
            self.finish(batch)

        assert vault.icon_of(OtpEntry.objects.get()) is None

    def test_takes_no_odd_looks(self) -> None:
        row = account(1, website="javascript:alert(1)", icon="../../x", tint=99)
        content = b"".join(authnode_json.write([row]))
        batch = services.start(owner=self.alice, files=[given(content)], at=NOON)

        self.finish(batch)

        entry = OtpEntry.objects.get()
        assert (entry.website, entry.is_icon_chosen, entry.is_tint_chosen) == ("", False, False)

    def test_forgets_the_accounts_and_records_the_deed(self) -> None:
        batch = make_import(self.alice)
        self.finish(batch)

        assert not ImportPiece.objects.exists()
        event = AuditEvent.objects.get(event="imports.finished")
        assert event.user == self.alice.pk
        assert event.facts == {
            "import": str(batch.pk),
            "formats": "plaintext",
            "added": 2,
            "replaced": 0,
        }

    def test_skips_what_came_in_by_another_way_meanwhile(self) -> None:
        batch = make_import(self.alice, account(1), account(2))
        make_entry(self.alice, 1)

        self.finish(batch)

        assert OtpEntry.objects.for_owner(self.alice).count() == 2

    def test_imports_nothing_when_one_part_fails(self) -> None:
        row = account(2, note="note")
        batch = services.start(owner=self.alice, files=[given(foreign.ente([row]))], at=NOON)
        with (
            mock.patch.object(notes, "keep_for_server", side_effect=RuntimeError),
            pytest.raises(RuntimeError),
        ):
            services.import_batch(batch=batch, at=NOON)

        assert not OtpEntry.objects.exists()
        batch.refresh_from_db()
        assert batch.is_preview
        assert len(pieces.load_rows(batch)) == 1

    def test_refuses_an_import_of_nothing(self) -> None:
        batch = make_import(self.alice)
        self.choose(batch, chosen=())

        with pytest.raises(NothingChosen):
            services.import_batch(batch=batch, at=NOON)

    def test_refuses_when_the_time_is_over(self) -> None:
        batch = make_import(self.alice)

        with pytest.raises(ImportGone):
            services.import_batch(batch=batch, at=NOON + timedelta(minutes=15))

    def test_imports_once(self) -> None:
        batch = make_import(self.alice)
        self.finish(batch)

        with pytest.raises(ImportGone):
            services.import_batch(batch=batch, at=NOON)


def packing_fields(row: OtpAccount) -> dict[str, Any]:
    return {name: getattr(row, name) for name in packing._FIELDS}


class SealingTests(TestCase):
    def test_seals_the_head_for_its_own_import(self) -> None:
        first, second = make_import(self.alice), make_import(self.bob)
        first.sealed_head = second.sealed_head

        with pytest.raises(sealing.SealingError):
            heads.load(first)


class UndoTests(TestCase):
    def test_takes_the_whole_import_back(self) -> None:
        entry = make_entry(self.alice, 1, issuer="Old", digits=8)
        rows = [account(1, issuer="New", categories=("Work",)), account(2, categories=("Work",))]
        batch = services.start(owner=self.alice, files=[given(foreign.stratum(rows))], at=NOON)
        choices = Choices(chosen={1}, decisions={0: "replace"})
        services.choose(batch=batch, page=0, choices=choices, at=NOON)
        services.import_batch(batch=batch, at=NOON)

        count = services.undo(batch=batch, at=NOON + timedelta(days=6))

        entry.refresh_from_db()
        assert count == 2
        assert (entry.issuer, entry.digits, entry.is_trashed) == ("Old", 8, False)
        assert list(OtpEntry.objects.live()) == [entry]
        assert OtpEntry.objects.trashed().count() == 1
        assert not Category.objects.exists()
        assert AuditEvent.objects.filter(event="imports.undone").exists()

    def test_leaves_a_category_that_others_use_by_now(self) -> None:
        rows = [account(1, categories=("Work",))]
        batch = services.start(owner=self.alice, files=[given(foreign.stratum(rows))], at=NOON)
        services.import_batch(batch=batch, at=NOON)
        Category.objects.get().entries.add(make_entry(self.alice, 2))

        services.undo(batch=batch, at=NOON)

        assert Category.objects.filter(name="Work").exists()

    def test_leaves_alone_what_is_in_the_trash_or_gone_already(self) -> None:
        batch = make_import(self.alice, account(1), account(2), account(3))
        services.import_batch(batch=batch, at=NOON)
        first, second, _third = OtpEntry.objects.order_by("position")
        vault.trash_entry(entry=first, at=NOON)
        second.delete()

        assert services.undo(batch=batch, at=NOON) == 1
        assert not OtpEntry.objects.live().exists()

    def test_undoes_once_and_for_a_week(self) -> None:
        first, second = make_import(self.alice), make_import(self.bob)
        services.import_batch(batch=first, at=NOON)
        services.import_batch(batch=second, at=NOON)
        services.undo(batch=first, at=NOON)

        for batch, at in ((first, NOON), (second, NOON + WEEK)):
            with pytest.raises(CannotBeUndone):
                services.undo(batch=batch, at=at)
        assert OtpEntry.objects.for_owner(self.bob).live().count() == 2

    def test_forgets_the_way_back_after_a_week_and_keeps_the_entries(self) -> None:
        services.import_batch(batch=make_import(self.alice), at=NOON)

        services.forget_expired(at=NOON + WEEK)

        assert not ImportBatch.objects.exists()
        assert not ImportedEntry.objects.exists()
        assert OtpEntry.objects.live().count() == 2


class RaceTests(TransactionTestCase):
    def test_imports_once_however_often_it_is_asked(self) -> None:
        batch = make_import(self.alice, account(1), account(2))

        def finish(_: int) -> bool:
            try:
                mine = ImportBatch.objects.get(pk=batch.pk)
                services.import_batch(batch=mine, at=NOON)
            except ImportGone:
                return False
            finally:
                connection.close()
            return True

        with ThreadPoolExecutor(4) as pool:
            done = list(pool.map(finish, range(8)))

        assert done.count(True) == 1
        assert OtpEntry.objects.count() == 2


NAME = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=40)


class PackingTests(unittest.TestCase):
    @settings(max_examples=50, deadline=None)
    @examples(
        kind=st.sampled_from(["totp", "hotp", "steam"]),
        secret=st.binary(min_size=1, max_size=40),
        issuer=NAME,
        note=st.text(max_size=50),
        picture=st.binary(max_size=10),
        groups=st.lists(NAME, max_size=3),
    )
    def test_loses_nothing_of_an_account(
        self,
        kind: str,
        secret: bytes,
        issuer: str,
        note: str,
        picture: bytes,
        groups: list[str],
    ) -> None:
        row = OtpAccount(
            kind, secret, issuer=issuer, note=note, picture=picture, categories=tuple(groups)
        )

        assert packing.unpack_account(packing.pack_account(row)) == row

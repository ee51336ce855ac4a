from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from imports import head as heads
from imports import pieces, services
from imports.models import ImportBatch, ImportPiece
from imports.refusals import TooManyRows
from imports.services import previewing
from imports.tests.making import NOON, given, links, make_import
from jobs.models import Job
from tests.base import TestCase
from vault import qr
from vault.formats import google_migration
from vault.models import OtpEntry
from vault.tests import foreign
from vault.tests.making import account, make_entry


class StartTests(TestCase):
    def start(self, *files: bytes, kind: str = "") -> ImportBatch:
        handed = [given(content, f"file {n}", kind) for n, content in enumerate(files)]
        return services.start(owner=self.alice, files=handed, at=NOON)

    def test_shows_what_is_new_known_and_there_twice(self) -> None:
        entry = make_entry(self.alice, 1)
        make_entry(self.bob, 2)

        batch = make_import(self.alice, account(1), account(2), account(2))

        rows = pieces.load_rows(batch)
        assert [row.status for row in rows] == ["duplicate", "new", "twice"]
        assert [row.decision for row in rows] == ["skip", "add", "skip"]
        assert rows[0].twin == entry.pk
        assert batch.is_preview
        assert heads.load(batch).counts == {"duplicate": 1, "new": 1, "twice": 1}

    def test_adds_nothing_yet(self) -> None:
        make_import(self.alice)

        assert not OtpEntry.objects.exists()

    def test_keeps_nothing_readable(self) -> None:
        row = account(1, issuer="Very Secret Bank", name="alice@bank.example")
        make_import(self.alice, row)
        sealed = foreign.twofas([row], "password")
        self.start(sealed)

        kept = _everything(ImportBatch) + _everything(ImportPiece) + _everything(Job)
        assert ImportPiece.objects.exists()
        for word in ("Very Secret", "bank.example", foreign.base32(row), "schemaVersion"):
            assert word not in kept

    def test_reads_several_files_and_pictures_together(self) -> None:
        batch = self.start(
            links(account(1)), foreign.raivo([account(2)]), qr.draw(links(account(3)).decode())
        )

        assert batch.row_count == 3
        assert set(batch.formats.split()) == {"pictures", "raivo"}

    def test_brings_the_parts_of_an_export_together(self) -> None:
        one, two = migration_parts()

        batch = self.start(two.encode(), qr.draw(one))
        alone = self.start(two.encode())

        assert heads.load(batch).missing == []
        assert heads.load(alone).missing == [(2, [0])]

    def test_names_what_was_not_taken(self) -> None:
        content = links(account(1)) + b"\notpauth://totp/Broken:ada?secret=1"

        batch = self.start(content, b"\x89PNG\r\n\x1a\n not a picture", b"nothing known")

        head = heads.load(batch)
        assert head.refused == [("Broken – ada", "secret")]
        assert [name for name, _sentence in head.refused_files] == ["file 1", "file 2"]

    def test_refuses_files_that_hold_nothing(self) -> None:
        with pytest.raises(services.NothingToImport) as refusal:
            self.start(b"[]", b"words", b"otpauth://totp/a?secret=1")

        assert len(refusal.value.reasons) == 3
        assert not ImportBatch.objects.exists()

    def test_believes_who_says_what_a_file_is(self) -> None:
        content = b"otpauth://totp/GitHub?secret=MFSGCJ3TEBXXO3RAONSWG4TFOQ"

        batch = self.start(content, kind="winauth")

        assert pieces.load_rows(batch)[0].account.issuer == "GitHub"

    def test_replaces_the_import_that_waited(self) -> None:
        first = make_import(self.alice)
        other = make_import(self.bob)

        second = make_import(self.alice)

        left = set(ImportBatch.objects.values_list("pk", flat=True))
        assert left == {second.pk, other.pk}
        assert first.pk not in left

    def test_forgets_what_nobody_finished(self) -> None:
        batch = make_import(self.alice)

        assert services.forget_expired(at=NOON + timedelta(minutes=14)) == 0
        services.forget_expired(at=NOON + timedelta(minutes=15))

        assert not ImportBatch.objects.filter(pk=batch.pk).exists()
        assert not ImportPiece.objects.exists()

    def test_bounds_the_number_of_rows(self) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(previewing, "MOST_ROWS", 2)
            with pytest.raises(TooManyRows):
                make_import(self.alice, account(1), account(2), account(3))

        assert not ImportBatch.objects.exists()

    def test_takes_notes_of_authenticators_and_not_of_password_vaults(self) -> None:
        row = account(1, note="first\nsecond")

        ente = heads.load(self.start(foreign.ente([row])))
        bitwarden = heads.load(self.start(foreign.bitwarden([row])))

        assert (ente.has_notes, ente.takes_notes) == (True, True)
        assert (bitwarden.has_notes, bitwarden.takes_notes) == (True, False)


def migration_parts() -> tuple[str, str]:
    rows = [account(number) for number in range(11)]
    one, two = google_migration.write(rows)
    return one, two


def _everything(model: Any) -> str:
    return repr(list(model.objects.values()))

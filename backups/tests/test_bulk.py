"""Many rows, and large ones: taken in batches of bounded size, and with the indexes at the end."""

from __future__ import annotations

import shutil
from itertools import islice
from unittest import mock

from django.core.management import call_command
from django.db import connection

from backups import indexes, pipeline, restoring, rows, scratch
from backups.tests import tools
from vault.models import OtpEntry


class BatchTests(tools.BackupsTestCase):
    def test_no_batch_has_too_many_rows_or_bytes(self) -> None:
        small: list[rows.Row] = [("x",)] * 2500
        large: list[rows.Row] = [("x" * 200_000,)] * 250
        for found, most in ((small, 1000), (large, rows.FETCHED_AT_ONCE)):
            left = iter(found)
            batches = list(rows.bounded(lambda count: list(islice(left, count)), [0]))  # noqa: B023 - read at once

            assert max(map(len, batches)) == most
            assert [row for batch in batches for row in batch] == found

    def test_rows_in_the_way_of_another_are_passed_over_and_the_others_taken(self) -> None:
        first = tools.add_entry(self.alice, "First")
        second = tools.add_entry(self.alice, "Second")
        batch = rows.read("default", OtpEntry, "ORDER BY issuer")
        fields = list(OtpEntry._meta.local_concrete_fields)
        OtpEntry.objects.filter(pk=second.pk).delete()

        assert rows.insert("default", OtpEntry, fields, batch) == 1

        assert set(OtpEntry.objects.values_list("pk", flat=True)) == {first.pk, second.pk}
        assert rows.read("default", OtpEntry, "ORDER BY issuer") == batch


class IndexTests(tools.BackupsTestCase):
    def test_an_empty_site_has_all_its_indexes_afterwards(self) -> None:
        entry = tools.add_entry(self.alice)
        kept = scratch.folder() / "kept"
        shutil.copy(pipeline.local_file(tools.make_backup()), kept)
        self.addCleanup(kept.unlink)
        call_command("flush", interactive=False, verbosity=0)
        before = indexes.plain(connection, "vault_otpentry")

        taken: list[str] = []
        real = indexes.set_aside

        def set_aside(alias: str, tables: list[str]) -> object:
            taken.extend(tables)
            return real(alias, tables)

        with (
            mock.patch.object(restoring, "MANY", 1),
            mock.patch.object(indexes, "set_aside", set_aside),
        ):
            tools.restore(kept)

        assert "vault_otpentry" in taken
        assert len(before) >= 3
        assert indexes.plain(connection, "vault_otpentry") == before
        assert OtpEntry.objects.get() == entry

    def test_a_site_in_use_keeps_them_all_the_time(self) -> None:
        tools.add_entry(self.alice)
        backup = tools.make_backup()
        OtpEntry.objects.all().delete()
        seen: list[int] = []

        def look(point: str) -> None:
            if point == "batch":
                seen.append(len(indexes.plain(connection, "vault_otpentry")))

        with mock.patch.object(restoring, "MANY", 1), tools.listening(look):
            tools.restore(backup)

        assert set(seen) == {len(indexes.plain(connection, "vault_otpentry"))}

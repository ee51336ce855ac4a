"""Which rows a restore brings back, changes and leaves."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from backups import (
    reports,
)
from backups.tests import tools
from core import sealing
from vault.models import Category, OtpEntry

LABEL = "vault.OtpEntry"
MODES = ("replace", "missing", "user")


class RestoringRowsTests(tools.BackupsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.entry = tools.add_entry(self.alice, "Example", type="hotp", counter=5)

    def test_brings_back_what_is_missing_in_every_mode(self) -> None:
        category = tools.add_category(self.alice, "Work", self.entry)
        backup = tools.make_backup()
        for mode in MODES:
            OtpEntry.objects.all().delete()
            Category.objects.all().delete()

            report = tools.restore(backup, **tools.wish(mode, self.alice))

            assert report.tables[LABEL].added == 1
            back = OtpEntry.objects.get(pk=self.entry.pk)
            assert sealing.open_field(back, "sealed_secret") == b"secret of Example"
            assert list(back.categories.all()) == [category]

    def test_changes_nothing_the_second_time(self) -> None:
        tools.add_category(self.alice, "Work", self.entry)
        backup = tools.make_backup()
        self.entry.delete()
        for mode in MODES:
            tools.restore(backup, **tools.wish(mode, self.alice))

            again = tools.rehearse(backup, **tools.wish(mode, self.alice))

            assert again.changes == 0, (mode, again.as_json())

    def test_keeps_what_was_changed_here_since(self) -> None:
        backup = tools.make_backup()
        OtpEntry.objects.update(issuer="Newer", updated_at=timezone.now())

        report = tools.restore(backup, "replace")

        assert OtpEntry.objects.get().issuer == "Newer"
        assert report.tables[LABEL].changed_here == 1
        assert report.conflicts[0]["key"] == str(self.entry.pk)

    def test_takes_the_backup_side_when_asked_to(self) -> None:
        backup = tools.make_backup()
        OtpEntry.objects.update(issuer="Newer", updated_at=timezone.now())
        newer = tools.add_entry(self.alice, "New here")

        report = tools.restore(backup, "replace", takes_backup_side=True)

        assert OtpEntry.objects.get().issuer == "Example"
        assert (report.tables[LABEL].replaced, report.tables[LABEL].removed) == (1, 1)
        assert not OtpEntry.objects.filter(pk=newer.pk).exists()

    def test_replaces_what_is_older_here(self) -> None:
        backup = tools.make_backup()
        earlier = self.entry.updated_at - timedelta(days=1)
        OtpEntry.objects.update(issuer="Old", updated_at=earlier)

        tools.restore(backup, "missing")
        assert OtpEntry.objects.get().issuer == "Old"

        report = tools.restore(backup, "replace")
        assert OtpEntry.objects.get().issuer == "Example"
        assert report.tables[LABEL].changed_in_backup == 1

    def test_leaves_what_is_new_here(self) -> None:
        backup = tools.make_backup()
        tools.add_entry(self.alice, "New here")

        report = tools.restore(backup, "replace")

        assert OtpEntry.objects.count() == 2
        assert report.tables[LABEL].new == 1

    def test_links_of_a_kept_row_stay_as_they_are(self) -> None:
        tools.add_category(self.alice, "Work", self.entry)
        backup = tools.make_backup()
        self.entry.categories.clear()
        OtpEntry.objects.update(issuer="Newer", updated_at=timezone.now())

        tools.restore(backup, "replace")

        assert self.entry.categories.count() == 0

    def test_holds_back_what_something_else_stands_in_the_place_of(self) -> None:
        tools.add_category(self.alice, "Work", self.entry)
        backup = tools.make_backup()
        Category.objects.all().delete()
        tools.add_category(self.alice, "Work")

        report = tools.restore(backup, "missing")

        assert Category.objects.count() == 1
        assert report.held[0]["why"] == reports.IN_THE_WAY

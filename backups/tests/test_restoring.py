"""What a restore brings back, and what it never does."""

from __future__ import annotations

from unittest import mock

from backups import restores
from backups.tests import tools
from tests import base
from vault.models import OtpEntry


@mock.patch.object(restores, "NOTICE_SECONDS", 0)
class RestoringTests(base.TransactionTestCase):
    def test_brings_back_an_entry_that_is_missing(self) -> None:
        entry = tools.add_entry(self.alice)
        backup = tools.make_backup()
        entry.delete()

        report = tools.restore(backup, "missing")

        assert report.tables["vault.OtpEntry"].added == 1
        assert OtpEntry.objects.get(owner=self.alice).issuer == "Example"

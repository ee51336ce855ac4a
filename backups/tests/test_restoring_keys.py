"""Rows of a backup under other master keys, and of another installation."""

from __future__ import annotations

import pytest
from django.test import override_settings

from backups import (
    restores,
)
from backups.tests import tools
from core import keyring, lasting, rotation, sealing
from core.models import LastingKey
from vault.models import OtpEntry

LABEL = "vault.OtpEntry"


class RestoringKeysTests(tools.BackupsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.entry = tools.add_entry(self.alice, "Example", type="hotp", counter=5)

    def test_seals_under_the_current_key_what_lay_under_an_older_one(self) -> None:
        backup = tools.make_backup()
        self.entry.delete()
        newer = "k2:" + "C" * 42 + "A\n"

        with override_settings(MASTER_KEY=newer + "k1:" + "A" * 43):
            tools.restore(backup, "missing")
            token = OtpEntry.objects.get().sealed_secret
            assert token.startswith("k2:")
        with override_settings(MASTER_KEY=newer):
            back = OtpEntry.objects.get()
            assert sealing.open_field(back, "sealed_secret") == b"secret of Example"

    def test_opens_what_was_sealed_by_a_key_that_is_lost_here(self) -> None:
        backup = tools.make_backup()
        self.entry.delete()

        with override_settings(MASTER_KEY="k2:" + "C" * 42 + "A"):
            tools.restore(backup, "user", user=self.alice.pk)
            back = OtpEntry.objects.get()
            assert sealing.open_field(back, "sealed_secret") == b"secret of Example"

    def test_sees_that_a_row_sealed_anew_is_the_same(self) -> None:
        backup = tools.make_backup()
        with override_settings(MASTER_KEY="k2:" + "C" * 42 + "A\nk1:" + "A" * 43):
            for model, column in rotation.sealed_fields():
                rotation.reseal(model, column)

            report = tools.rehearse(backup, "replace")

        assert report.tables[LABEL].same == 1
        assert keyring.ring().current == "k1"

    def test_refuses_a_backup_of_another_installation(self) -> None:
        backup = tools.make_backup()
        row = LastingKey.objects.get(purpose="recovery-code")
        sealing.seal_field(row, "sealed_key", b"z" * 32)
        row.save()
        lasting.forget()
        self.addCleanup(lasting.forget)

        with pytest.raises(restores.OtherInstallation):
            tools.restore(backup, "missing")
        self.entry.delete()
        tools.restore(backup, "user", user=self.alice.pk)
        assert OtpEntry.objects.count() == 1

"""A restore is done as a whole or not at all, elsewhere too."""

from __future__ import annotations

import shutil

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import roles
from accounts.models import User
from audit.models import AuditEvent
from backups import (
    drills,
    keys,
    maintenance,
    pipeline,
    scratch,
)
from backups.tests import tools
from core import sealing
from notifications.models import Notification
from recovery import services as recovery
from recovery.tests import people
from sessions_lock.models import SessionActivity
from tests import base
from vault.models import OtpEntry

LABEL = "vault.OtpEntry"


class Unplugged(Exception):
    pass


class RestoringWholeTests(tools.BackupsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.entry = tools.add_entry(self.alice, "Example", type="hotp", counter=5)

    def test_ends_all_sessions_and_tells_whom_it_concerns(self) -> None:
        backup = tools.make_backup()
        base.sign_in(Client(), "bob")
        self.entry.delete()
        mail.outbox.clear()

        tools.restore(backup, "missing")

        told = Notification.objects.filter(kind="data_restored")
        assert [row.user_id for row in told] == [self.alice.pk]
        assert not SessionActivity.objects.filter(ended_at=None).exists()
        assert not maintenance.is_on()

    def test_a_fault_half_way_changes_nothing(self) -> None:
        backup = tools.make_backup()
        self.entry.delete()
        for wanted in ("batch", "table", "before commit"):

            def fail(point: str, wanted: str = wanted) -> None:
                if point == wanted:
                    raise Unplugged

            with tools.listening(fail), pytest.raises(Unplugged):
                tools.restore(backup, "missing")
            assert OtpEntry.objects.count() == 0
            assert not maintenance.is_on()
        assert tools.leftovers() == []

    def test_a_dry_run_changes_nothing(self) -> None:
        tools.add_category(self.alice, "Work", self.entry)
        backup = tools.make_backup()
        OtpEntry.objects.all().delete()
        events = AuditEvent.objects.count()

        report = tools.rehearse(backup, "replace", takes_backup_side=True)

        assert report.tables[LABEL].added == 1
        assert OtpEntry.objects.count() == 0
        assert AuditEvent.objects.count() == events
        assert tools.leftovers() == []

    def test_a_dry_run_foretells_what_a_restore_does(self) -> None:
        tools.add_category(self.alice, "Work", self.entry)
        backup = tools.make_backup()
        OtpEntry.objects.all().delete()
        tools.add_entry(self.bob, "New here")

        foretold = tools.rehearse(backup, "replace").as_json()

        assert tools.restore(backup, "replace").as_json() == foretold

    def test_brings_roles_back_by_their_names(self) -> None:
        roles.give(self.alice, roles.HELPDESK, by=None, at=timezone.now())
        backup = tools.make_backup()
        kept = scratch.folder() / "kept"
        shutil.copy(pipeline.local_file(backup), kept)
        self.addCleanup(kept.unlink)
        call_command("flush", interactive=False, verbosity=0)
        # Numbered otherwise than where the backup was made.
        Group.objects.all().delete()
        for name in ("something", *reversed(roles.NAMES)):
            Group.objects.create(name=name)

        tools.restore(kept, "missing")

        assert roles.of(User.objects.get(pk=self.alice.pk)) == roles.HELPDESK

    def test_fills_an_empty_installation(self) -> None:
        people.add_factor(self.alice)
        codes = people.make_codes(self.alice)
        tools.add_category(self.alice, "Work", self.entry)
        backup = tools.make_backup()
        kept = scratch.folder() / "kept"
        shutil.copy(pipeline.local_file(backup), kept)
        self.addCleanup(kept.unlink)
        call_command("flush", interactive=False, verbosity=0)

        report = tools.restore(kept, "missing")

        assert report.is_bare
        assert User.objects.count() == 3
        assert AuditEvent.objects.count() == report.tables["audit.AuditEvent"].added + 1
        assert self.entry.categories.count() == 1
        recovery.verify(self.alice.pk, typed=codes[0])
        assert sealing.open_field(OtpEntry.objects.get(), "sealed_secret") == b"secret of Example"

    def test_a_drill_restores_into_an_empty_database(self) -> None:
        tools.add_category(self.alice, "Work", self.entry)
        backup = tools.make_backup()

        counts = drills.drill(backup, keys.own_opener())

        assert counts["vault_otpentry"] == 1
        assert counts["audit_auditevent"] > 0
        assert tools.leftovers() == []

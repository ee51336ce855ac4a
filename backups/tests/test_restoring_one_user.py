"""One user's vault comes back, and nobody else's."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from backups import (
    applying,
    restoring,
)
from backups.tests import tools
from sessions_lock.models import SessionActivity
from tests import base
from vault.models import OtpEntry

LABEL = "vault.OtpEntry"


class RestoringOneUserTests(tools.BackupsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.entry = tools.add_entry(self.alice, "Example", type="hotp", counter=5)

    def test_touches_one_user_alone(self) -> None:
        other = tools.add_entry(self.bob, "Bob's")
        backup = tools.make_backup()
        OtpEntry.objects.all().delete()

        report = tools.restore(backup, "user", user=self.alice.pk)

        assert list(OtpEntry.objects.all()) == [self.entry]
        assert not OtpEntry.objects.filter(pk=other.pk).exists()
        assert set(report.tables) == {LABEL}

    def test_refuses_a_row_that_is_somebody_elses_here(self) -> None:
        backup = tools.make_backup()
        OtpEntry.objects.update(owner=self.bob)

        with pytest.raises(applying.ForeignRow):
            tools.restore(backup, "user", user=self.alice.pk)
        assert OtpEntry.objects.get().owner_id == self.bob.pk

    def test_refuses_somebody_who_is_not_there(self) -> None:
        backup = tools.make_backup()
        newcomer = base.make_user("dora")

        for stranger in (uuid.uuid4(), newcomer.pk):
            with pytest.raises(restoring.UserNotThere):
                tools.restore(backup, "user", user=stranger)

    def test_ends_the_sessions_of_that_user_alone(self) -> None:
        backup = tools.make_backup()
        for name in ("alice", "bob"):
            base.sign_in(Client(), name)
        self.entry.delete()

        tools.restore(backup, "user", user=self.alice.pk)

        alive = SessionActivity.objects.filter(ended_at=None).exclude(user=None)
        assert [row.user_id for row in alive] == [self.bob.pk]

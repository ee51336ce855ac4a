"""Files of earlier releases restore, those of later ones are refused."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from accounts.models import OidcIdentity, User
from backups import keys, restores, schema, upgrades
from backups.models import Backup
from backups.tests import fixture, tools
from core import lasting, sealing
from core.models import LastingKey
from vault.models import OtpEntry


class EarlierTests(tools.BackupsTestCase):
    def assert_restored(self) -> None:
        entry = OtpEntry.objects.get()
        assert (entry.issuer, entry.counter) == ("Example “ünï”", 7)
        assert sealing.open_field(entry, "sealed_secret") == fixture.SECRET
        assert [category.name for category in entry.categories.all()] == ["Work"]
        assert User.objects.get().email == "alice@example.com"
        # What a migration made of it fits the keys of this site.
        identity = OidcIdentity.objects.get()
        text = f"{fixture.ISSUER}\0{fixture.SUBJECT}".encode()
        wanted = hmac.digest(lasting.key("oidc-subject"), text, hashlib.sha256).hex()
        assert identity.subject_hash == wanted
        assert sealing.open_field(identity, "sealed_subject") == fixture.SUBJECT.encode()

    def test_a_file_of_every_version_restores(self) -> None:
        files = sorted(fixture.FOLDER.glob("*.authnode-backup"))
        assert [file.name for file in files] == ["version-1.authnode-backup"]
        for file in files:
            call_command("flush", interactive=False, verbosity=0)
            lasting.forget()
            self.addCleanup(lasting.forget)

            tools.restore(file, "missing")

            self.assert_restored()
            assert lasting.key("recovery-code") == fixture.RECOVERY_KEY

    def test_also_where_the_master_key_is_another(self) -> None:
        call_command("flush", interactive=False, verbosity=0)
        lasting.forget()
        self.addCleanup(lasting.forget)
        with override_settings(MASTER_KEY="k1:" + "C" * 42 + "A"):
            LastingKey.objects.all().delete()
            lasting.make_missing()

            tools.restore(fixture.VERSION_1, "missing")

            self.assert_restored()
            LastingKey.objects.all().delete()
        lasting.make_missing()

    def test_a_later_release_is_refused(self) -> None:
        state = {**schema.current(), "vault": ["9999_later"]}

        with pytest.raises(schema.NewerRelease, match=r"vault\.9999_later"):
            schema.check_known(state)

    def test_says_which_migrations_the_database_has_had(self) -> None:
        assert schema.applied(connection) == schema.current()
        assert not schema.is_pending(connection)
        assert not upgrades.is_needed()

    def test_the_backup_before_an_upgrade_notes_nothing_in_the_database(self) -> None:
        tools.add_entry(self.alice)

        written = upgrades.make(at=timezone.now())

        assert written.header.kind == "migration"
        assert not Backup.objects.exists()
        with restores.opened(written.path, keys.own_opener()) as source:
            assert source.counts["vault_otpentry"] == 1

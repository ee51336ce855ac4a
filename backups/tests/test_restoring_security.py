"""What is used, removed or deleted stays so, whatever the backup says."""

from __future__ import annotations

from django.utils import timezone

from accounts.models import OidcIdentity, Passkey, TotpDevice, User
from audit import services as audit
from audit.models import AuditEvent, Tombstone
from backups import (
    content,
    reports,
)
from backups.tests import tools
from core import sealing
from recovery import services as recovery
from recovery.models import RecoveryCode
from recovery.tests import people
from tests import base
from vault.models import OtpEntry

LABEL = "vault.OtpEntry"
MODES = ("replace", "missing", "user")
NOW = timezone.now()


class RestoringSecurityTests(tools.BackupsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.entry = tools.add_entry(self.alice, "Example", type="hotp", counter=5)

    def test_used_codes_stay_used_in_every_mode(self) -> None:
        people.add_factor(self.alice)
        codes = people.make_codes(self.alice)
        backup = tools.make_backup()
        RecoveryCode.objects.update(used_at=timezone.now())

        for mode in MODES:
            tools.restore(backup, takes_backup_side=True, **tools.wish(mode, self.alice))
            works = 0
            for code in codes:
                try:
                    recovery.verify(self.alice.pk, typed=code)
                    works += 1
                except recovery.CodeRefused:
                    continue
            assert works == 0

    def test_a_counter_is_never_lowered(self) -> None:
        backup = tools.make_backup()
        for mode in MODES:
            OtpEntry.objects.update(counter=9, updated_at=timezone.now())

            tools.restore(backup, takes_backup_side=True, **tools.wish(mode, self.alice))

            assert OtpEntry.objects.get().counter == 9

    def test_a_counter_is_raised_to_that_of_the_backup(self) -> None:
        backup = tools.make_backup()
        OtpEntry.objects.update(counter=2)

        report = tools.restore(backup, "missing")

        assert OtpEntry.objects.get().counter == 5
        assert report.tables[LABEL].raised == 1

    def test_a_used_step_and_a_used_code_of_the_backup_count_here(self) -> None:
        device = TotpDevice(user=self.alice, confirmed=True, created_at=timezone.now(), last_step=9)
        sealing.seal_field(device, "sealed_secret", b"x" * 20)
        device.save(force_insert=True)
        people.make_codes(self.alice)
        RecoveryCode.objects.update(used_at=timezone.now())
        backup = tools.make_backup()
        RecoveryCode.objects.update(used_at=None)
        TotpDevice.objects.update(last_step=3)

        tools.restore(backup, "missing")

        assert TotpDevice.objects.get().last_step == 9
        assert not RecoveryCode.objects.filter(used_at=None).exists()

    def test_removed_factors_stay_gone_in_every_mode(self) -> None:
        passkey = Passkey.objects.create(
            user=self.alice, name="Key", credential_id="a", public_key=b"\x00\xff", created_at=NOW
        )
        identity = OidcIdentity(user=self.alice, issuer="i", subject_hash="s", created_at=NOW)
        sealing.seal_field(identity, "sealed_subject", b"subject")
        identity.save(force_insert=True)
        people.add_factor(self.alice)
        backup = tools.make_backup()
        audit.bury("passkey", passkey.pk, at=NOW)
        for model in (Passkey, OidcIdentity, TotpDevice):
            model.objects.all().delete()

        report = tools.rehearse(backup)
        for mode in MODES:
            report = tools.restore(backup, takes_backup_side=True, **tools.wish(mode, self.alice))
            for model in (Passkey, OidcIdentity, TotpDevice):
                assert model.objects.count() == 0
        whys = {row["table"]: row["why"] for row in tools.rehearse(backup).held}
        assert whys["accounts.Passkey"] == reports.BURIED
        assert whys["accounts.TotpDevice"] == reports.REMOVED
        assert report.held == []

    def test_one_of_them_comes_back_when_it_is_chosen(self) -> None:
        passkeys = [
            Passkey.objects.create(
                user=self.alice, name=name, credential_id=name, public_key=b"\x00", created_at=NOW
            )
            for name in "ab"
        ]
        backup = tools.make_backup()
        Passkey.objects.all().delete()
        chosen = frozenset({("accounts.Passkey", str(passkeys[0].pk))})

        tools.restore(backup, "missing", brought_back=chosen)

        assert [row.name for row in Passkey.objects.all()] == ["a"]
        assert bytes(Passkey.objects.get().public_key) == b"\x00"

    def test_deleted_users_stay_deleted_with_all_that_was_theirs(self) -> None:
        tools.add_entry(self.bob, "Bob's")
        backup = tools.make_backup()
        bob = self.bob.pk
        audit.pseudonymise(bob, at=timezone.now())
        User.objects.filter(pk=bob).delete()

        report = tools.rehearse(backup)
        for mode in ("replace", "missing"):
            report = tools.restore(backup, mode, takes_backup_side=True)
            assert not User.objects.filter(pk=bob).exists()
            assert not OtpEntry.objects.filter(owner_id=bob).exists()
        assert {row["why"] for row in report.held} == {reports.BURIED, reports.ORPHAN}

    def test_a_user_who_was_lost_comes_back_with_everything(self) -> None:
        tools.add_entry(self.bob, "Bob's")
        people.add_factor(self.bob)
        backup = tools.make_backup()
        bob = self.bob.pk
        User.objects.filter(pk=bob).delete()

        tools.restore(backup, "missing")

        assert User.objects.get(pk=bob).check_auth_secret(base.auth_secret_of("bob"))
        assert TotpDevice.objects.filter(user_id=bob).count() == 1
        assert OtpEntry.objects.filter(owner_id=bob).count() == 1

    def test_passwords_roles_and_addresses_stay(self) -> None:
        backup = tools.make_backup()
        self.charlie.set_auth_secret(b"n" * 32, salt=b"s" * 16, iterations=600_000)
        self.charlie.email, self.charlie.is_staff = "new@example.com", False
        self.charlie.display_name = "New"
        self.charlie.save()
        User.objects.filter(pk=self.alice.pk).update(is_staff=True, is_active=False)

        tools.restore(backup, "replace", takes_backup_side=True)

        charlie = User.objects.get(pk=self.charlie.pk)
        assert charlie.check_auth_secret(b"n" * 32)
        assert (charlie.email, charlie.is_staff) == ("new@example.com", False)
        assert charlie.display_name == "Charlie"
        alice = User.objects.get(pk=self.alice.pk)
        assert (alice.is_staff, alice.is_active) == (True, False)

    def test_every_column_of_a_user_was_thought_of(self) -> None:
        """A new one is either kept here, or of no weight for who may do what."""
        table = content.table(User)
        harmless = {
            *("display_name", "created_at", "language", "time_zone", "code_grouping"),
            *("hides_codes", "reveal_seconds", "clipboard_seconds"),
        }

        assert set(table.columns) == table.kept | harmless | {"id"}

    def test_tombstones_of_the_backup_hold_here(self) -> None:
        passkey = Passkey.objects.create(
            user=self.alice, name="Key", credential_id="a", public_key=b"\x00", created_at=NOW
        )
        audit.bury("passkey", passkey.pk, at=NOW)
        backup = tools.make_backup()
        # As if an older copy of the database had been put back.
        Tombstone.objects.all().delete()

        tools.restore(backup, "missing")

        assert Passkey.objects.count() == 0
        assert Tombstone.objects.count() == 1

    def test_the_log_is_never_touched(self) -> None:
        backup = tools.make_backup()
        before = list(AuditEvent.objects.order_by("id").values_list("uid", flat=True))

        tools.restore(backup, "replace", takes_backup_side=True)

        after = list(AuditEvent.objects.order_by("id").values_list("uid", flat=True))
        assert after[: len(before)] == before
        assert AuditEvent.objects.order_by("-id")[0].event == "restore.done"

"""What a restore brings back, what it leaves, and what it never does."""

from __future__ import annotations

import shutil
import uuid
from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client, override_settings
from django.utils import timezone

from accounts.models import OidcIdentity, Passkey, TotpDevice, User
from audit import services as audit
from audit.models import AuditEvent, Tombstone
from backups import content, keys, maintenance, pipeline, restores, restoring, scratch
from backups.tests import tools
from core import keyring, lasting, rotation, sealing
from core.models import LastingKey
from notifications.models import Notification
from recovery import services as recovery
from recovery.models import RecoveryCode
from recovery.tests import people
from sessions_lock.models import SessionActivity
from tests import base
from vault.models import Category, OtpEntry

LABEL = "vault.OtpEntry"
MODES = ("replace", "missing", "user")


class RestoringTests(tools.BackupsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.entry = tools.add_entry(self.alice, "Example", type="hotp", counter=5)

    def wish(self, mode: str) -> dict[str, object]:
        return {"mode": mode, "user": self.alice.pk if mode == "user" else None}

    # Rows

    def test_brings_back_what_is_missing_in_every_mode(self) -> None:
        category = tools.add_category(self.alice, "Work", self.entry)
        backup = tools.make_backup()
        for mode in MODES:
            OtpEntry.objects.all().delete()
            Category.objects.all().delete()

            report = tools.restore(backup, **self.wish(mode))  # type: ignore[arg-type]

            assert report.tables[LABEL].added == 1
            back = OtpEntry.objects.get(pk=self.entry.pk)
            assert sealing.open_field(back, "sealed_secret") == b"secret of Example"
            assert list(back.categories.all()) == [category]

    def test_changes_nothing_the_second_time(self) -> None:
        tools.add_category(self.alice, "Work", self.entry)
        backup = tools.make_backup()
        self.entry.delete()
        for mode in MODES:
            tools.restore(backup, **self.wish(mode))  # type: ignore[arg-type]

            again = tools.rehearse(backup, **self.wish(mode))  # type: ignore[arg-type]

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
        assert report.held[0]["why"] == restoring.IN_THE_WAY

    # One user's vault

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

        with pytest.raises(restoring.ForeignRow):
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

    # Security never goes back

    def test_used_codes_stay_used_in_every_mode(self) -> None:
        people.add_factor(self.alice)
        codes = people.make_codes(self.alice)
        backup = tools.make_backup()
        RecoveryCode.objects.update(used_at=timezone.now())

        for mode in MODES:
            tools.restore(backup, takes_backup_side=True, **self.wish(mode))  # type: ignore[arg-type]
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

            tools.restore(backup, takes_backup_side=True, **self.wish(mode))  # type: ignore[arg-type]

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
            report = tools.restore(backup, takes_backup_side=True, **self.wish(mode))  # type: ignore[arg-type]
            for model in (Passkey, OidcIdentity, TotpDevice):
                assert model.objects.count() == 0
        whys = {row["table"]: row["why"] for row in tools.rehearse(backup).held}
        assert whys["accounts.Passkey"] == restoring.BURIED
        assert whys["accounts.TotpDevice"] == restoring.REMOVED
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
        assert {row["why"] for row in report.held} == {restoring.BURIED, restoring.ORPHAN}

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

    # Afterwards

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

    # Keys

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

        with pytest.raises(restoring.OtherInstallation):
            tools.restore(backup, "missing")
        self.entry.delete()
        tools.restore(backup, "user", user=self.alice.pk)
        assert OtpEntry.objects.count() == 1

    # All or nothing

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

    # Elsewhere

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

        counts = restores.drill(backup, keys.own_opener())

        assert counts["vault_otpentry"] == 1
        assert counts["audit_auditevent"] > 0
        assert tools.leftovers() == []


NOW = timezone.now()


class Unplugged(Exception):
    pass

"""From the first byte to "verified", and what happens when something is in the way."""

from __future__ import annotations

import errno
import os
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from unittest import mock

import pytest
from django.db import connection, connections
from django.test import Client, override_settings
from django.utils import timezone

from audit.models import AuditEvent
from backups import (
    claims,
    container,
    keys,
    making,
    pipeline,
    recipients,
    restores,
    services,
    verifying,
    work,
)
from backups.models import Backup, BackupAlarm, BackupClaim
from backups.tests import tools
from jobs import reaping, running
from jobs.models import Job
from notifications.models import Notification
from tests import base
from vault.models import OtpEntry

SECRETS = ("secret of Example", "alice@example.com")


class MakingTests(tools.BackupsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.entry = tools.add_entry(self.alice)

    def run_job(self, backup: Backup) -> Job:
        job = Job.objects.get(subject=backup.pk)
        running.run(job.id, at=timezone.now())
        job.refresh_from_db()
        backup.refresh_from_db()
        return job

    def waiting(self) -> Backup:
        """A backup whose job has not begun."""
        backup = pipeline.start("manual", at=timezone.now())
        Job.objects.create(
            kind="backup", subject=backup.id, not_before=timezone.now(), created_at=timezone.now()
        )
        return backup

    def test_ends_verified_and_says_what_it_holds(self) -> None:
        backup = tools.make_backup()

        assert (backup.state, backup.verified_depth) == ("verified", "full")
        assert backup.row_counts["vault_otpentry"] == 1
        assert backup.sha256 == verifying.digest(pipeline.local_file(backup))
        assert tools.leftovers() == []
        events = list(AuditEvent.objects.filter(event__startswith="backup."))
        assert [row.event for row in events] == ["backup.created", "backup.verified"]

    def test_the_file_is_for_its_owner_alone_and_tells_nothing(self) -> None:
        path = pipeline.local_file(tools.make_backup())

        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
        raw = path.read_bytes()
        assert not any(secret.encode() in raw for secret in SECRETS)

    def test_holds_every_table_but_sessions_and_results(self) -> None:
        base.sign_in(Client(), "alice")

        counts = tools.make_backup().row_counts

        assert "sessions_lock_sessionactivity" not in counts
        assert "jobs_job" not in counts
        left_out = set(connection.introspection.table_names()) - set(counts)
        assert left_out - {"cache_entries"} == {
            *("core_allowanceslot", "django_migrations", "jobs_heartbeat"),
            *("jobs_job", "sessions_lock_sessionactivity"),
        }

    def test_carries_the_keys_of_the_site(self) -> None:
        backup = tools.make_backup()
        with pipeline.local_file(backup).open("rb") as file:
            reader = container.Reader(file)
            carried = keys.parse_carried(reader.open(keys.own_opener().data_key(reader.header)))

        assert carried.ring["k1"] == bytes(32)
        assert set(carried.lasting) >= {"recovery-code", "audit-chain"}

    def test_a_job_makes_it(self) -> None:
        backup = services.create("manual", by=self.charlie.pk, note="Before", at=timezone.now())

        backup.refresh_from_db()
        assert (backup.state, backup.note) == ("verified", "Before")
        assert Job.objects.get(subject=backup.pk).state == "done"
        assert claims.current(timezone.now()) == ""

    def test_two_at_once_are_refused(self) -> None:
        self.waiting()

        with pytest.raises(services.Busy):
            services.create("manual", at=timezone.now())

    def test_of_many_who_claim_one_wins(self) -> None:
        won, start = [], threading.Barrier(8)

        def race() -> None:
            start.wait()
            with suppress(claims.Busy):
                won.append(claims.take("backup", at=timezone.now()))
            connections.close_all()

        threads = [threading.Thread(target=race) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1

    def test_a_claim_of_a_dead_process_is_free_after_two_minutes(self) -> None:
        now = timezone.now()
        dead = claims.take("backup", at=now)

        with pytest.raises(claims.Busy):
            claims.take("backup", at=now + timedelta(minutes=1))
        claims.take("backup", at=now + timedelta(minutes=3))
        with pytest.raises(claims.ClaimLost):
            dead.renew()

    def test_a_job_waits_while_another_is_at_it(self) -> None:
        backup = self.waiting()
        claims.take("restore", at=timezone.now())

        job = self.run_job(backup)

        assert (job.state, job.failure_code) == ("waiting", "busy")

    def test_goes_on_where_a_killed_worker_stopped(self) -> None:
        for point in ("rows", "before rename", "written", "noted written", "before verified"):
            backup = self.waiting()
            with tools.listening(_killer(point)), pytest.raises(Killed):
                work.make(_run(backup))
            BackupClaim.objects.all().delete()
            backup.refresh_from_db()
            assert not Backup.objects.get(pk=backup.pk).is_good

            work.make(_run(backup))

            backup.refresh_from_db()
            assert backup.is_good, point
            restores_file(backup)
        assert tools.leftovers() == []

    def test_a_job_that_died_too_often_is_a_failure_operators_hear_of(self) -> None:
        backup = self.waiting()
        Job.objects.filter(subject=backup.pk).update(
            state="running", attempt=5, lease_until=timezone.now() - timedelta(minutes=1)
        )

        reaping.release_abandoned(at=timezone.now())

        backup.refresh_from_db()
        assert backup.state == "failed"
        told = Notification.objects.filter(kind="backup_failed")
        assert [row.user_id for row in told] == [self.charlie.pk]

    def test_a_full_disk_fails_it_and_leaves_nothing(self) -> None:
        backup = self.waiting()
        full = OSError(errno.ENOSPC, "No space left on device")
        with mock.patch.object(os, "fsync", side_effect=full):
            job = self.run_job(backup)

        assert (job.state, job.failure_code) == ("failed", "disk_full")
        assert (backup.state, backup.failure) == ("failed", "There is no room left for the backup.")
        assert list(making.folder().glob(f"{backup.name}*")) == []

    def test_a_file_that_was_changed_after_writing_is_not_good(self) -> None:
        backup = self.waiting()

        def spoil(point: str) -> None:
            if point == "noted written":
                path = making.folder() / backup.file_name
                raw = bytearray(path.read_bytes())
                raw[-100] ^= 1
                path.write_bytes(raw)

        with tools.listening(spoil):
            job = self.run_job(backup)

        assert (job.failure_code, backup.state) == ("not_whole", "failed")

    def test_a_backup_that_rots_stops_being_good(self) -> None:
        backup = tools.make_backup()
        pipeline.local_file(backup).write_bytes(b"")

        services.verify(backup, by=None, at=timezone.now())

        backup.refresh_from_db()
        assert backup.state == "failed"
        assert BackupAlarm.objects.filter(name="backup").exists()

    def test_a_sealed_value_that_opens_with_no_key_is_noticed(self) -> None:
        OtpEntry.objects.update(sealed_secret="k1:gAAAAAsurely-not")

        with pytest.raises(pipeline.BackupFailed, match=r"vault\.OtpEntry does not open"):
            tools.make_backup()

    def test_finds_files_it_does_not_know(self) -> None:
        backup = tools.make_backup()
        Backup.objects.all().delete()
        (making.folder() / "junk.authnode-backup").write_bytes(b"junk")

        assert services.discover(at=timezone.now()) == 1

        found = Backup.objects.get()
        assert (found.pk, found.state, found.sha256) == (backup.pk, "verified", backup.sha256)

    def test_reads_one_instant_while_others_write(self) -> None:
        stop = threading.Event()

        def hammer() -> None:
            while not stop.is_set():
                entry = tools.add_entry(self.alice, "Hammer")
                tools.add_category(self.alice, str(uuid.uuid4()), entry)
            connections.close_all()

        thread = threading.Thread(target=hammer)
        thread.start()
        try:
            made = [tools.make_backup() for _ in range(3)]
        finally:
            stop.set()
            thread.join()
        assert all(backup.is_good for backup in made)
        for backup in made:
            counts = backup.row_counts
            assert counts["vault_otpentry"] - 1 >= counts["vault_otpentry_categories"]


class PublicKeyTests(tools.BackupsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.private, public = recipients.new_pair()
        self.enterContext(override_settings(BACKUP_PUBLIC_KEYS=[public]))
        tools.add_entry(self.alice)

    def test_the_server_cannot_open_what_it_writes(self) -> None:
        backup = tools.make_backup()

        assert (backup.state, backup.verified_depth) == ("verified", "structure")
        with pytest.raises(recipients.NoKeyFits):
            tools.rehearse(backup)

    def test_the_private_key_opens_it(self) -> None:
        backup = tools.make_backup()
        OtpEntry.objects.all().delete()

        opener = services.opener(self.private)
        with mock.patch.object(keys, "own_opener", lambda: opener):
            tools.restore(backup, "missing")

        assert OtpEntry.objects.count() == 1


class Killed(BaseException):
    pass


def _killer(wanted: str) -> Callable[[str], None]:
    def kill(point: str) -> None:
        if point == wanted:
            raise Killed

    return kill


def _run(backup: Backup) -> running.Run:
    Job.objects.filter(subject=backup.pk).update(
        state="running", attempt=1, lease_until=timezone.now() + timedelta(minutes=2)
    )
    job = Job.objects.get(subject=backup.pk)
    return running.Run(job.id, job.kind, job.subject, None, 1, 3)


def restores_file(backup: Backup) -> None:
    with restores.opened(pipeline.local_file(backup), keys.own_opener()) as source:
        assert sum(source.counts.values()) == backup.rows

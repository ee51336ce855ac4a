"""A restore as the pages ask for it: dry run, name, safety backup, and one transaction."""

from __future__ import annotations

from unittest import mock

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from audit.models import AuditEvent
from backups import maintenance, pipeline, recipients, restores, services
from backups.models import Backup, RestoreRun
from backups.tests import tools
from jobs import reaping
from jobs.models import Job
from vault.models import OtpEntry


class RestoreJobTests(tools.BackupsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.entry = tools.add_entry(self.alice)
        self.backup = tools.make_backup()
        self.entry.delete()

    def reported(self, **wish: object) -> RestoreRun:
        wanted = {"mode": "missing", "by": self.charlie.pk, "at": timezone.now(), **wish}
        run = services.ask_for_report(self.backup, **wanted)  # type: ignore[arg-type]
        run.refresh_from_db()
        return run

    def begin(self, run: RestoreRun, name: str = "", **more: str) -> None:
        services.begin_restore(
            run,
            typed_name=name or self.backup.name,
            by=self.charlie.pk,
            at=timezone.now(),
            **more,
        )
        run.refresh_from_db()

    def events(self) -> list[str]:
        found = AuditEvent.objects.filter(event__startswith="restore.").order_by("id")
        return [row.event for row in found]

    def test_a_report_then_the_restore_after_a_safety_backup(self) -> None:
        run = self.reported()
        assert (run.state, run.report["tables"]["vault.OtpEntry"]["added"]) == ("reported", 1)
        assert OtpEntry.objects.count() == 0

        self.begin(run)

        assert (run.state, OtpEntry.objects.count()) == ("done", 1)
        safety = Backup.objects.get(kind="safety")
        assert (run.safety_backup_id, safety.state) == (safety.pk, "verified")
        assert self.events() == ["restore.reported", "restore.begun", "restore.done"]

    def test_a_wrong_name_is_refused_and_recorded(self) -> None:
        run = self.reported()

        with pytest.raises(restores.WrongName):
            self.begin(run, "something else")

        assert OtpEntry.objects.count() == 0
        assert self.events()[-1] == "restore.refused"

    def test_is_begun_once_and_only_after_its_report(self) -> None:
        run = self.reported()
        self.begin(run)

        with pytest.raises(restores.NotReported):
            self.begin(run)

    def test_no_safety_backup_no_restore(self) -> None:
        run = self.reported()
        with mock.patch.object(pipeline, "run", side_effect=pipeline.BackupFailed("x", "Full.")):
            self.begin(run)

        assert (run.state, OtpEntry.objects.count()) == ("failed", 0)
        assert "safety backup failed" in run.failure
        assert not maintenance.is_on()

    def test_a_changed_file_is_refused(self) -> None:
        path = pipeline.local_file(self.backup)
        raw = bytearray(path.read_bytes())
        raw[len(raw) // 2] ^= 1
        path.write_bytes(raw)

        run = self.reported()

        assert (run.state, self.events()) == ("failed", ["restore.refused"])

    def test_a_killed_restore_is_not_tried_again_by_itself(self) -> None:
        run = self.reported()
        with mock.patch("jobs.sending.send"):
            self.begin(run)
        job = Job.objects.get(kind="restore")

        assert job.max_attempts == 1
        Job.objects.filter(pk=job.pk).update(state="running", attempt=1, lease_until=timezone.now())
        reaping.release_abandoned(at=timezone.now())
        run.refresh_from_db()
        assert (run.state, OtpEntry.objects.count()) == ("failed", 0)

    def test_a_private_key_comes_along_sealed_and_is_wiped(self) -> None:
        private, public = recipients.new_pair()
        self.entry.save(force_insert=True)
        with override_settings(BACKUP_PUBLIC_KEYS=[public]):
            self.backup = tools.make_backup()
            self.entry.delete()
            assert self.reported().state == "failed"

            run = self.reported(private_key=private)
            self.begin(run, private_key=private)

        assert (run.state, OtpEntry.objects.count()) == ("done", 1)
        for job in Job.objects.all():
            assert job.sealed_secret == ""
            assert private not in job.failure_sentence

    def test_the_site_shows_one_page_while_it_writes(self) -> None:
        maintenance.begin()
        self.addCleanup(maintenance.end)
        client = Client()

        page = client.get("/sign-in/")
        background = client.get("/codes/", headers={"X-Background": "1"})

        assert (page.status_code, page["Retry-After"]) == (503, "30")
        assert "A backup is being restored" in page.content.decode()
        assert background.json() == {"state": "maintenance"}
        assert client.get("/health/live").status_code == 200
        maintenance.end()
        assert client.get("/sign-in/").status_code == 200

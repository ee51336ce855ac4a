from __future__ import annotations

import io
import tempfile
from datetime import timedelta
from pathlib import Path
from unittest import mock

from django.core import mail
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from mmdb_writer import MMDBWriter

from authnode import doctor
from backups import schedule
from backups.models import Backup
from core.models import KeyCheck
from jobs import services as jobs
from jobs.models import Heartbeat, Job
from tests import base

State = doctor.State


def states(check: doctor.Check) -> dict[str, State]:
    return {finding.what: finding.state for finding in doctor.examine(checks=[("it", check)])}


class DoctorTests(base.TestCase):
    def test_finds_the_key_and_the_tables_well(self) -> None:
        assert states(doctor.keys) == {"keys": State.WELL}
        assert states(doctor.database) == {"database": State.WELL, "migrations": State.WELL}

    def test_names_a_key_that_is_missing(self) -> None:
        KeyCheck.objects.create(key_id="k9", sealed_check="k9:gAAAA")

        (finding,) = doctor.examine(checks=[("keys", doctor.keys)])

        assert finding.state == State.PROBLEM
        assert "k9" in finding.sentence

    def test_says_when_nobody_works_in_the_background(self) -> None:
        assert states(doctor.background)["scheduler"] == State.PROBLEM
        jobs.record_beat(at=timezone.now())
        assert states(doctor.background) == {"scheduler": State.WELL, "jobs": State.WELL}
        Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=4))
        assert states(doctor.background)["scheduler"] == State.PROBLEM

    def test_says_when_jobs_are_late_or_failed(self) -> None:
        now = timezone.now()
        old = now - timedelta(hours=1)
        facts = {"kind": "mail", "subject": self.alice.pk, "created_at": old, "not_before": old}
        Job.objects.create(**facts)
        assert states(doctor.background)["jobs"] == State.WARNING
        Job.objects.update(state=Job.State.FAILED, finished_at=old)
        assert states(doctor.background)["jobs"] == State.WARNING

    def test_asks_for_operators_with_a_second_factor(self) -> None:
        assert states(doctor.people) == {"operators": State.WARNING}
        type(self.charlie).objects.filter(pk=self.charlie.pk).update(is_staff=False)
        assert states(doctor.people) == {"operators": State.PROBLEM}

    def test_finds_keys_that_others_can_read(self) -> None:
        with tempfile.TemporaryDirectory() as name, override_settings(VAR=Path(name)):
            Path(name).chmod(0o700)
            key = Path(name) / "master.key"
            key.touch(0o600)
            assert states(doctor.folder) == {"folder": State.WELL}
            key.chmod(0o644)
            (finding,) = doctor.folder()
        assert finding.state == State.PROBLEM
        assert finding.advice == f"chmod go= {key}"

    @override_settings(
        EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=1,
    )
    def test_says_when_the_mail_server_is_away(self) -> None:
        assert states(doctor.mail_server) == {"mail": State.PROBLEM}
        assert doctor.send_test_mail("a@example.com").state == State.PROBLEM
        with override_settings(MAIL_IS_CONFIGURED=False):
            assert states(doctor.mail_server) == {"mail": State.WARNING}

    def test_sends_a_test_mail(self) -> None:
        assert doctor.send_test_mail("a@example.com").state == State.WELL
        assert mail.outbox[0].to == ["a@example.com"]

    @override_settings(SITE_URL="http://127.0.0.1:1")
    def test_says_when_the_address_does_not_answer(self) -> None:
        assert states(doctor.from_outside) == {"address": State.PROBLEM}

    def test_looks_at_the_geo_databases(self) -> None:
        places, networks = "geo database (places)", "geo database (networks)"
        assert states(doctor.geo_database) == {places: State.WARNING, networks: State.WARNING}
        with tempfile.NamedTemporaryFile() as file:
            with override_settings(GEOIP_CITY_DATABASE=file.name):
                assert states(doctor.geo_database)[places] == State.PROBLEM
            MMDBWriter(database_type="City").to_db_file(file.name)
            with override_settings(GEOIP_CITY_DATABASE=file.name):
                assert states(doctor.geo_database)[places] == State.WELL
                with mock.patch("core.geo.LASTS", timedelta(0)):
                    assert states(doctor.geo_database)[places] == State.WARNING

    def test_asks_for_a_backup_key(self) -> None:
        with override_settings(BACKUP_KEY="", BACKUP_PUBLIC_KEYS=[]):
            assert states(doctor.backups) == {"backups": State.PROBLEM}

    def test_says_how_old_the_newest_verified_backup_is(self) -> None:
        schedule.make_missing()
        now = timezone.now()
        assert self.newest_backup() == State.WARNING
        backup = Backup.objects.create(
            name="one", kind="daily", state="verified", started_at=now, verified_at=now
        )
        assert self.newest_backup() == State.WELL
        Backup.objects.filter(pk=backup.pk).update(verified_at=now - timedelta(days=3))
        assert self.newest_backup() == State.PROBLEM

    def test_says_when_no_backup_is_scheduled(self) -> None:
        PeriodicTask.objects.filter(name__startswith="backup-").update(enabled=False)
        assert self.newest_backup() == State.WARNING

    def newest_backup(self) -> State:
        (finding,) = doctor.backups()
        return finding.state

    def test_says_when_the_backup_directory_takes_nothing(self) -> None:
        with mock.patch("authnode.doctor.os.access", return_value=False):
            found = doctor.backups()
        assert found[0].state == State.PROBLEM
        assert "cannot be written" in found[0].sentence

    def test_takes_a_check_that_fails_for_a_problem(self) -> None:
        def broken() -> list[doctor.Finding]:
            raise OSError("no such thing")

        (finding,) = doctor.examine(checks=[("disk", broken)])

        assert (finding.what, finding.state) == ("disk", State.PROBLEM)
        assert "no such thing" in finding.sentence


class DoctorCommandTests(base.TestCase):
    def run_command(self, *findings: doctor.Finding) -> str:
        said = io.StringIO()
        checks = (("it", lambda: list(findings)),)
        with mock.patch.object(doctor, "CHECKS", checks):
            call_command("doctor", stdout=said)
        return said.getvalue()

    def test_prints_what_to_do_and_ends_with_an_error(self) -> None:
        problem = doctor.Finding("mail", State.PROBLEM, "It is away.", "Look after it.")

        with self.assertRaisesMessage(CommandError, "1 of 1 need you."):
            self.run_command(problem)

    def test_ends_well_with_warnings(self) -> None:
        warning = doctor.Finding("mail", State.WARNING, "Files only.", "Set EMAIL_URL.")

        said = self.run_command(warning)

        assert "!!  mail: Files only." in said
        assert "→ Set EMAIL_URL." in said
        assert "Nothing stands in the way." in said


class AddressTests(base.TestCase):
    """With a site that runs."""

    def test_misses_headers_that_a_proxy_takes_away(self) -> None:
        import http.server
        import threading

        class Bare(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        server = http.server.HTTPServer(("127.0.0.1", 0), Bare)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        with override_settings(SITE_URL=f"http://127.0.0.1:{server.server_port}"):
            (finding,) = doctor.from_outside()
        assert finding.state == State.PROBLEM
        assert "Content-Security-Policy" in finding.sentence

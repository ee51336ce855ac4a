"""Copies elsewhere: a real S3 implementation on the loopback, and any Django storage."""

from __future__ import annotations

import io
import socket
import tempfile
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

import boto3
import pytest
from botocore.response import StreamingBody
from django.core.files.storage import storages
from django.test import override_settings
from django.utils import timezone
from moto.server import ThreadedMotoServer

from audit.models import AuditEvent
from backups import pipeline, places, restores, services
from backups.models import Backup, BackupAlarm, BackupCopy
from backups.tests import tools
from jobs import running
from jobs.models import Job
from notifications.models import Notification

SECRET = "s3-secret-that-nobody-says"


class S3Tests(tools.BackupsTestCase):
    server: ClassVar[ThreadedMotoServer]
    endpoint: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)
        host, port = cls.server.get_host_and_port()
        cls.endpoint = f"http://{host}:{port}"

    def setUp(self) -> None:
        super().setUp()
        self.enterContext(
            override_settings(
                BACKUP_S3_BUCKET="backups",
                BACKUP_S3_PREFIX="site",
                BACKUP_S3_ENDPOINT=self.endpoint,
                BACKUP_S3_ACCESS_KEY="access",
                BACKUP_S3_SECRET_KEY=SECRET,
            )
        )
        self.client_of_s3: Any = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="access",
            aws_secret_access_key=SECRET,
        )
        self.client_of_s3.create_bucket(Bucket="backups")
        for key in self.keys():
            self.client_of_s3.delete_object(Bucket="backups", Key=key)
        self.addCleanup(self.client_of_s3.close)

    def keys(self) -> list[str]:
        found = self.client_of_s3.list_objects_v2(Bucket="backups", Prefix="site/")
        return [row["Key"] for row in found.get("Contents", [])]

    def test_a_copy_is_confirmed_and_the_same(self) -> None:
        backup = tools.make_backup()

        assert backup.uploaded_at is not None
        assert backup.copies.get(place="s3").state == "confirmed"
        stored = self.client_of_s3.get_object(Bucket="backups", Key=f"site/{backup.file_name}")
        assert stored["Body"].read() == pipeline.local_file(backup).read_bytes()
        assert AuditEvent.objects.filter(event="backup.uploaded").exists()

    def test_a_large_file_goes_in_parts(self) -> None:
        tools.add_entry(self.alice, "Example" * 30)
        with (
            mock.patch.object(places, "SINGLE_LIMIT", 10),
            mock.patch.object(places, "PART_SIZE", 5 * 1024 * 1024),
        ):
            backup = tools.make_backup()

        assert backup.copies.get(place="s3").state == "confirmed"

    def test_a_place_that_confirms_something_else_is_not_believed(self) -> None:
        wrong = {"ContentLength": 1, "ChecksumSHA256": "AAAA"}
        place = places.S3Bucket()
        backup = tools.make_backup()

        for answer in (wrong, {"ContentLength": backup.size}):
            spoilt = b"something else" if answer is not wrong else b""
            body = {"Body": StreamingBody(io.BytesIO(spoilt), len(spoilt))}
            with (
                mock.patch.object(place._client, "head_object", return_value=answer),
                mock.patch.object(place._client, "get_object", return_value=body),
                pytest.raises(places.NotConfirmed),
            ):
                place.put(pipeline.local_file(backup), sha256=backup.sha256)

    def test_a_service_without_checksums_is_read_back(self) -> None:
        place = places.S3Bucket()
        backup = tools.make_backup()
        silent = {"ContentLength": backup.size}

        with mock.patch.object(place._client, "head_object", return_value=silent):
            place.put(pipeline.local_file(backup), sha256=backup.sha256)

        assert len(self.keys()) == 1

    def test_an_outage_keeps_the_local_copy_and_tries_again(self) -> None:
        with override_settings(BACKUP_S3_ENDPOINT=closed_port()), quick():
            backup = tools.make_backup()
        copy = backup.copies.get(place="s3")

        assert (backup.state, copy.state, copy.attempts) == ("verified", "waiting", 1)
        assert pipeline.local_file(backup).exists()
        assert Notification.objects.filter(kind="backup_copy_failed", user=self.charlie).exists()
        job = Job.objects.get(kind="backup-upload")
        assert job.not_before > timezone.now()

        Job.objects.update(not_before=timezone.now())
        running.run(job.id, at=timezone.now())

        copy.refresh_from_db()
        assert copy.state == "confirmed"
        assert not BackupAlarm.objects.exists()

    def test_a_failed_try_waits_longer_and_says_no_secret(self) -> None:
        with override_settings(BACKUP_S3_ENDPOINT=closed_port()), quick():
            backup = tools.make_backup()
            Job.objects.update(not_before=timezone.now())
            job = Job.objects.get(kind="backup-upload")
            running.run(job.id, at=timezone.now())
        job.refresh_from_db()

        assert (job.state, job.failure_code) == ("waiting", "place_away")
        words = job.failure_sentence + backup.copies.get(place="s3").failure
        assert "did not take the backup" in words
        assert SECRET not in words

    def test_deleting_deletes_there_too(self) -> None:
        first, _ = tools.make_backup(), tools.make_backup()
        assert len(self.keys()) == 2

        services.delete(first, by=self.charlie.pk, at=timezone.now())

        assert len(self.keys()) == 1
        assert not Backup.objects.filter(pk=first.pk).exists()

    def test_a_restore_fetches_what_is_not_here_any_more(self) -> None:
        backup = tools.make_backup()
        pipeline.local_file(backup).unlink()

        with restores.file_of(backup) as path:
            report = tools.restore(path, "missing")
        assert report.changes == 0

        BackupCopy.objects.all().delete()
        with pytest.raises(restores.FileGone), restores.file_of(backup):
            pass

    def test_a_stolen_bucket_opens_nothing(self) -> None:
        tools.add_entry(self.alice, "Canary issuer")
        backup = tools.make_backup()
        stored = self.client_of_s3.get_object(Bucket="backups", Key=f"site/{backup.file_name}")

        raw = stored["Body"].read()

        assert b"Canary" not in raw
        assert b"A" * 43 not in raw


class StorageTests(tools.BackupsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        path = "django.core.files.storage.FileSystemStorage"
        backend = {"BACKEND": path, "OPTIONS": {"location": str(self.folder)}}
        self.enterContext(
            override_settings(
                BACKUP_STORAGE=path, STORAGES={**storages.backends, "backups": backend}
            )
        )

    def test_a_copy_is_read_back_and_compared(self) -> None:
        backup = tools.make_backup()

        assert backup.copies.get(place="storage").state == "confirmed"
        stored = self.folder / backup.file_name
        assert stored.read_bytes() == pipeline.local_file(backup).read_bytes()

    def test_gives_it_back_and_deletes_it(self) -> None:
        backup = tools.make_backup()
        back = self.folder / "back"

        places.get("storage").fetch(backup.file_name, back)
        places.get("storage").delete(backup.file_name)

        assert back.read_bytes() == pipeline.local_file(backup).read_bytes()
        assert not (self.folder / backup.file_name).exists()

    def test_another_content_is_not_confirmed(self) -> None:
        backup = tools.make_backup()

        with pytest.raises(places.NotConfirmed):
            places.get("storage").put(pipeline.local_file(backup), sha256="0" * 64)


@pytest.mark.parametrize(
    ("endpoint", "is_fine"),
    [
        ("", True),
        ("https://s3.example.com", True),
        ("http://127.0.0.1:9000", True),
        ("http://s3.example.com", False),
        ("http://169.254.169.254", False),
        ("ftp://s3.example.com", False),
    ],
)
def test_an_endpoint_without_tls_is_for_this_machine_alone(endpoint: str, is_fine: bool) -> None:
    assert (places.endpoint_fault(endpoint) == "") == is_fine


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def quick() -> Any:
    """No waiting between boto's own tries."""
    return mock.patch("botocore.endpoint.time.sleep")

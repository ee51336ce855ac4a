"""Secrets and passwords are canaries: they may be in the file, and nowhere that lasts."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

from celery.app.task import Task
from django.conf import settings
from django.core import mail

from core import otp
from exports.tests.making import PASSWORD, address, form
from recovery.tests.test_canary import listening, rows_of_every_table
from tests import base
from vault.tests.making import make_entry

SECRET = b"canary of twenty byt"
FORMATS = ("aegis", "andotp", "csv", "plaintext", "google", "qrcodes", "qr-images", "authnode")


def files_under(*folders: str) -> set[Path]:
    return {
        Path(place, name) for top in folders for place, _, names in os.walk(top) for name in names
    }


class Canaries(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        make_entry(self.alice, secret=SECRET)
        self.sign_in_as("alice")
        self.sent: list[str] = []
        apply = Task.apply

        def keep(task: Task, *args: object, **options: object) -> object:
            self.sent.append(f"{task.name} {args} {options}")
            return apply(task, *args, **options)

        self.enterContext(patch.object(Task, "apply", keep))

    def export(self, chosen_format: str, password: str | None) -> bytes:
        with self.captureOnCommitCallbacks(execute=True):
            response: Any = self.client.post(address("make", chosen_format), form(password))
        if response.status_code == 302:
            self.tables.append(rows_of_every_table())
            place = response.headers["Location"]
            response = self.client.post(f"{place}download/")
        return b"".join(response.streaming_content)

    def test_stay_in_the_file(self) -> None:
        self.tables: list[str] = []
        before = files_under(tempfile.gettempdir(), str(settings.VAR))
        with listening() as listener:
            for chosen_format in FORMATS:
                for password in (PASSWORD, None):
                    with patch("exports.services.PER_HOUR", 100):
                        assert len(self.export(chosen_format, password)) > 50
        self.tables.append(rows_of_every_table())

        assert len(self.sent) > 3
        assert len(self.tables) > 3
        pages = [
            self.client.get(path).content.decode()
            for path in ("/", "/activity/", "/notifications/", "/exports/new/")
        ]
        mails = [f"{message.subject} {message.body}" for message in mail.outbox]
        assert len(mails) == 2 * len(FORMATS)
        new = files_under(tempfile.gettempdir(), str(settings.VAR)) - before
        for text in (*listener.lines, *self.sent, *self.tables, *pages, *mails, *map(str, new)):
            for canary in (SECRET.decode(), otp.encode_base32(SECRET), PASSWORD):
                assert canary not in text, text[:200]
                assert canary.encode().hex() not in text
        for path in new:
            # Caches of fonts may come, but nothing of ours.
            if path.is_file() and path.stat().st_size < 10_000_000:
                content = path.read_bytes()
                assert SECRET not in content, path
                assert PASSWORD.encode() not in content, path

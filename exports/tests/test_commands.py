from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.core.management import CommandError, call_command

from audit.models import AuditEvent
from exports.tests.making import PASSWORD, make_some
from notifications.models import Notification
from tests import base
from vault.formats import aegis, container


class CommandCase(base.TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        make_some(cls.alice)

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.password = self.folder / "password"
        self.password.write_text(f"{PASSWORD}\nsecond line\n")

    def export(self, **options: Any) -> str:
        out = io.StringIO()
        wanted = {"user": "Alice@example.com", "format": "aegis", **options}
        wanted.setdefault("output", str(self.folder / "file"))
        call_command("export_entries", stdout=out, stderr=out, **wanted)
        return out.getvalue()


class Exporting(CommandCase):
    def test_writes_a_file_that_only_its_owner_reads(self) -> None:
        said = self.export(password_file=self.password)

        file = self.folder / "file"
        assert "4 codes are in" in said
        assert file.stat().st_mode & 0o777 == 0o600
        assert len(aegis.read(file.read_bytes(), password=PASSWORD).accounts) == 4

    def test_is_recorded_and_told(self) -> None:
        self.export()

        event = AuditEvent.objects.get(event="export.made_plain")
        assert (event.user, event.facts["by"]) == (self.alice.pk, "console")
        assert Notification.objects.filter(user=self.alice, kind="exported_plain").exists()

    def test_names_what_is_left_out(self) -> None:
        assert "Left out: Steam" in self.export(format="google")
        assert (self.folder / "file").read_bytes()[:5] == b"%PDF-"

    def test_refuses_what_it_cannot_do(self) -> None:
        for options, words in (
            ({"user": "nobody@example.com"}, "no user"),
            ({"user": "bob@example.com"}, "None of the chosen codes"),
            ({"password_file": self.folder / "missing"}, "cannot be read"),
            ({"output": str(self.password)}, "cannot be made"),
        ):
            with self.assertRaisesMessage(CommandError, words):
                self.export(**options)
        assert not AuditEvent.objects.filter(event__startswith="export").exists()


class Opening(CommandCase):
    def test_opens_what_an_export_sealed(self) -> None:
        path = self.folder / "authnode-20261124.authnode"
        self.export(format="csv", password_file=self.password, output=path)
        assert container.recognises(path.read_bytes())
        out = io.StringIO()

        call_command("open_export", path, password_file=self.password, stdout=out)

        opened = Path(out.getvalue().strip())
        assert opened == self.folder / "authnode-20261124.csv"
        assert opened.read_bytes().startswith(b"name,username,secret,issuer,")
        assert opened.stat().st_mode & 0o777 == 0o600
        with self.assertRaisesMessage(CommandError, "there already"):
            call_command("open_export", path, password_file=self.password)

    def test_says_what_is_wrong(self) -> None:
        path = self.folder / "x.authnode"
        self.export(format="csv", password_file=self.password, output=path)

        with patch("getpass.getpass", return_value="other"):
            with self.assertRaisesMessage(CommandError, "password is wrong"):
                call_command("open_export", path)
        with self.assertRaisesMessage(CommandError, "damaged"):
            call_command("open_export", self.password, password_file=self.password)
        with self.assertRaisesMessage(CommandError, "No such file"):
            call_command("open_export", self.folder / "gone", password_file=self.password)

"""The commands, with a machine of their own: also from an empty directory."""

from __future__ import annotations

import io
import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from backups import claims, making, pipeline, recipients
from backups.models import Backup
from backups.tests import tools
from vault.models import OtpEntry

ROOT = Path(__file__).resolve().parent.parent.parent


def run(command: str, *arguments: str) -> str:
    out = io.StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


class CommandTests(tools.BackupsTestCase):
    def test_creates_and_verifies(self) -> None:
        said = run("create_backup", "--note", "By hand")

        backup = Backup.objects.get()
        assert (backup.state, backup.kind, backup.note) == ("verified", "command", "By hand")
        assert str(pipeline.local_file(backup)) in said
        assert "opens, loads and fits" in run("verify_backup", backup.name)
        assert "opens, loads and fits" in run("verify_backup", backup.name, "--drill")

    def test_refuses_a_damaged_file(self) -> None:
        path = pipeline.local_file(tools.make_backup())
        path.write_bytes(path.read_bytes()[:-10])

        for command in ("verify_backup", "restore_backup"):
            with pytest.raises(CommandError, match="not a whole backup"):
                run(command, str(path))

    def test_refuses_what_is_not_there(self) -> None:
        with pytest.raises(CommandError, match="no such file"):
            run("verify_backup", "nothing")

    def test_restores_after_a_dry_run(self) -> None:
        entry = tools.add_entry(self.alice)
        backup = tools.make_backup()
        entry.delete()

        said = run("restore_backup", backup.name, "--dry-run")
        assert "vault.OtpEntry: missing 1, added 1" in said
        assert OtpEntry.objects.count() == 0

        said = run("restore_backup", backup.name, "--user", "Alice@example.com", "--yes")
        assert "Safety backup" in said
        assert OtpEntry.objects.count() == 1
        assert Backup.objects.filter(kind="safety", state="verified").count() == 1

    def test_refuses_an_unknown_person_or_row(self) -> None:
        backup = tools.make_backup()

        with pytest.raises(CommandError, match="Nobody here"):
            run("restore_backup", backup.name, "--user", "nobody@example.com")
        with pytest.raises(CommandError, match="MODEL:KEY"):
            run("restore_backup", backup.name, "--bring-back", "something")

    def test_refuses_a_key_that_does_not_fit(self) -> None:
        backup = tools.make_backup()
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("b1:" + recipients.encode(b"o" * 32))
            file.flush()

            with pytest.raises(CommandError, match="None of the given keys"):
                run("restore_backup", backup.name, "--key-file", file.name, "--yes")
            assert "Only hash and structure" in run(
                "verify_backup", backup.name, "--key-file", file.name
            )

    def test_prints_the_key_sheet(self) -> None:
        sheet = run("backup_key_sheet")

        key = settings.BACKUP_KEY.partition(":")[2][:42]
        assert key in sheet.replace(" ", "")
        assert "manage.py restore_backup" in sheet

    def test_makes_a_pair_of_keys(self) -> None:
        said = run("backup_key_sheet", "--new-pair").split()

        private = next(word for word in said if word.startswith(recipients.PRIVATE_PREFIX))
        public = next(w for w in said if w.startswith("BACKUP_PUBLIC_KEYS=")).partition("=")[2]
        own = recipients.parse_private_key(private).public_key().public_bytes_raw()
        assert own == recipients.parse_public_key(public).public_bytes_raw()

    def test_makes_none_before_an_upgrade_that_is_none(self) -> None:
        assert run("create_backup", "--before-upgrade") == ""
        assert list(making.folder().iterdir()) == []

    def test_one_at_a_time(self) -> None:
        claims.take("restore", at=timezone.now())
        with pytest.raises(CommandError, match="under way"):
            run("create_backup")


AFTER_THE_FIRE = """
import sys, django
from authnode import prepare
assert prepare.main() == 0
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("createcachetable", database="cache", verbosity=0)
call_command("restore_backup", sys.argv[1])
call_command("verify_audit")
"""


class DisasterTests(tools.BackupsTestCase):
    """What docs/backups.md tells to do after a fire, done by a machine."""

    def test_the_backup_key_and_the_file_are_enough(self) -> None:
        for number in range(3):
            tools.add_category(self.alice, str(number), tools.add_entry(self.alice))
        file = pipeline.local_file(tools.make_backup())
        var = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (var / "backup.key").write_text(settings.BACKUP_KEY)

        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", AFTER_THE_FIRE, str(file)],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "AUTHNODE_VAR": str(var),
                "DJANGO_SETTINGS_MODULE": "authnode.settings",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

        assert done.returncode == 0, done.stderr
        assert "k1:" + "A" * 43 not in (var / "master.key").read_text()
        with closing(sqlite3.connect(var / "authnode.sqlite3")) as database:
            for table, count in (("vault_otpentry", 3), ("accounts_user", 3)):
                found = database.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - ours
                assert found[0] == count

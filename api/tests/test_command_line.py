"""`tools/authnode`, run as a program against a server of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import LiveServerTestCase

from api.tests.making import make_token
from tests import base
from vault.models import OtpEntry
from vault.tests.making import URI, make_entry

TOOL = Path(__file__).resolve().parent.parent.parent / "tools" / "authnode"


class CommandLineTests(LiveServerTestCase):
    databases = set(settings.DATABASES)

    def setUp(self) -> None:
        base.start_afresh()
        self.alice = base.make_user("alice")
        make_entry(self.alice, 1, issuer="GitHub", name="ada")
        make_entry(self.alice, 2, issuer="GitLab", name="ada")
        router = make_entry(self.alice, 0, issuer="Router", type="hotp")
        # Nothing of this kind is taken in; a terminal must not obey what is there all the same.
        OtpEntry.objects.filter(pk=router.pk).update(account_name="\x1b]0;owned\x07")
        _, self.token = make_token(self.alice)
        self.home = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def run_tool(self, *words: str, typed: str = "", **environment: str) -> Any:
        known = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "AUTHNODE_URL": self.live_server_url,
            "AUTHNODE_TOKEN": self.token,
        }
        return subprocess.run(
            [sys.executable, str(TOOL), *words],
            env=known | environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def test_lists_prints_and_adds(self) -> None:
        listed = self.run_tool("list")
        assert listed.returncode == 0, listed.stderr
        assert [line.split("\t")[2] for line in listed.stdout.splitlines()][:2] == [
            "GitHub · ada",
            "GitLab · ada",
        ]
        assert "\x1b" not in listed.stdout

        code = self.run_tool("code", "github")
        assert code.stdout.strip().isdigit()
        assert (len(code.stdout.strip()), code.stderr.strip()) == (6, "GitHub · ada")
        assert self.run_tool("code", "-n", "github").stdout.strip().isdigit()

        # RFC 4226, appendix D: each asking uses one up.
        counted = [self.run_tool("code", "router").stdout.strip() for _ in range(2)]
        assert counted == ["755224", "287082"]

        added = self.run_tool("add", typed=URI.replace("GEZD", "MFRG"))
        assert added.stderr.strip() == "Added GitHub · ada."
        assert OtpEntry.objects.filter(owner=self.alice).count() == 4

    def test_gives_no_code_when_words_fit_several_or_none(self) -> None:
        several = self.run_tool("code", "git")
        assert (several.returncode, several.stdout) == (1, "")
        assert "2 accounts hold these words" in several.stderr
        assert "GitLab · ada" in several.stderr
        assert "No account" in self.run_tool("code", "nothing").stderr

    def test_takes_the_token_from_a_file_that_nobody_else_can_read(self) -> None:
        path = self.home / ".config" / "authnode" / "token"
        path.parent.mkdir(parents=True)
        path.write_text(f"{self.token}\n")
        path.chmod(0o644)
        refused = self.run_tool("token", AUTHNODE_TOKEN="")
        assert "Others can read" in refused.stderr
        path.chmod(0o600)
        assert self.run_tool("token", AUTHNODE_TOKEN="").stdout.startswith("Script: codes:read")

    def test_says_what_is_wrong(self) -> None:
        for environment, words in (
            ({"AUTHNODE_TOKEN": "anode_wrong"}, "A valid token is needed."),
            ({"AUTHNODE_TOKEN": ""}, "cannot be read"),
            ({"AUTHNODE_URL": ""}, "AUTHNODE_URL says"),
            ({"AUTHNODE_URL": "http://codes.example.com"}, "must start with https://"),
            ({"AUTHNODE_URL": "http://127.0.0.1:1"}, "does not answer"),
        ):
            done = self.run_tool("token", **environment)
            assert done.returncode == 1
            assert words in done.stderr, done.stderr
            assert "Traceback" not in done.stderr

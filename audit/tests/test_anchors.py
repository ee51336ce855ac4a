from __future__ import annotations

import tempfile
from datetime import timedelta
from io import StringIO
from pathlib import Path

from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import timezone

from audit import anchors, chain
from audit.models import ChainHead
from audit.tests.test_chain import EmptyLogTestCase, record, tamper


class AnchorTestCase(EmptyLogTestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.enterContext(override_settings(VAR=Path(folder.name)))
        self.file = Path(folder.name) / "audit-anchor.jsonl"
        self.now = timezone.now()


class LeaveAnchorTest(AnchorTestCase):
    def test_keeps_the_head_in_var_and_in_the_log(self) -> None:
        record(3)
        with self.assertLogs("authnode.audit", "INFO") as log:
            chain.seal(at=self.now)

        head = ChainHead.objects.get()
        assert list(anchors.read(self.file)) == [anchors.Anchor(3, head.mac, self.now)]
        assert head.mac in log.output[0]

    def test_leaves_one_an_hour(self) -> None:
        for minutes in (0, 1, 59, 60, 61, 120):
            record(1)
            chain.seal(at=self.now + timedelta(minutes=minutes))

        assert [anchor.position for anchor in anchors.read(self.file)] == [1, 4, 6]

    def test_remembers_over_a_restart(self) -> None:
        record(1)
        chain.seal(at=self.now)
        anchors._last_left.clear()
        record(1)
        chain.seal(at=self.now + timedelta(minutes=30))

        assert [anchor.position for anchor in anchors.read(self.file)] == [1]

    def test_warns_and_goes_on_when_var_cannot_be_written(self) -> None:
        record(1)
        with (
            override_settings(VAR=self.file / "nowhere"),
            self.assertLogs("authnode.audit", "WARNING") as log,
        ):
            assert chain.seal(at=self.now) == 1

        assert "cannot be kept" in log.output[0]


class VerifyAuditTest(AnchorTestCase):
    def setUp(self) -> None:
        super().setUp()
        record(3)
        chain.seal(at=self.now - timedelta(hours=2))
        record(3)
        chain.seal(at=self.now)

    def verify(self, *args: str) -> str:
        out = StringIO()
        call_command("verify_audit", *args, stdout=out)
        return out.getvalue()

    def cut_to(self, position: int) -> None:
        """Cut the newest events off as somebody would who can write the whole database."""
        tamper("DELETE FROM audit_auditevent WHERE position > %s", position)
        tamper(
            "UPDATE audit_chainhead SET position = %s, mac ="
            " (SELECT chain_mac FROM audit_auditevent WHERE position = %s)",
            position,
            position,
        )

    def test_says_that_the_chain_is_whole(self) -> None:
        said = self.verify()

        assert "The audit chain is whole: 6 events sealed" in said
        assert "2 anchors" in said

    def test_finds_a_cut_end_by_the_newest_anchor(self) -> None:
        self.cut_to(4)

        with self.assertRaisesMessage(CommandError, "it reaches place 4, and the anchor of"):
            self.verify()

    def test_finds_a_chain_that_was_made_anew(self) -> None:
        self.file.write_text(self.file.read_text().replace('"mac": "', '"mac": "00'))

        with self.assertRaisesMessage(CommandError, "made anew"):
            self.verify()

    def test_takes_anchors_from_a_log(self) -> None:
        log = self.file.with_name("server.log")
        line = self.file.read_text().splitlines()[1]
        log.write_text(f"2026-01-01 INFO authnode.audit: audit anchor {line}\nother {{line\n")
        self.cut_to(4)

        with self.assertRaisesMessage(CommandError, "saw place 6"):
            self.verify("--anchor", str(log))

    def test_says_that_a_cut_end_cannot_be_seen_without_an_anchor(self) -> None:
        self.file.unlink()

        assert "Without an anchor" in self.verify()

    def test_refuses_a_file_that_is_not_there(self) -> None:
        with self.assertRaisesMessage(CommandError, "There is no file"):
            self.verify("--anchor", "/nowhere/anchors")

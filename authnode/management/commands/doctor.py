from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from authnode import doctor

SIGNS = {doctor.State.WELL: "ok", doctor.State.WARNING: "!!", doctor.State.PROBLEM: "XX"}


class Command(BaseCommand):
    help = (
        "Look at everything this site hangs on, and say what to do where something is wrong."
        " Ends with 1 when there is a problem. Changes nothing; --mail sends a test mail."
    )
    # A wrong key or a missing table is what it is here to tell of.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--mail", metavar="ADDRESS", help="send a test mail there")

    def handle(self, *, mail: str | None, **_: Any) -> None:
        findings = doctor.examine()
        if mail:
            findings.append(doctor.send_test_mail(mail))
        for finding in findings:
            self.stdout.write(f"{SIGNS[finding.state]}  {finding.what}: {finding.sentence}")
            if finding.advice:
                self.stdout.write(f"    → {finding.advice}")
        problems = sum(finding.state == doctor.State.PROBLEM for finding in findings)
        if problems:
            raise CommandError(f"{problems} of {len(findings)} need you.")
        self.stdout.write("Nothing stands in the way.")

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit import anchors, verification


class Command(BaseCommand):
    help = "Walk the audit chain and say what was changed, removed, reordered or cut, if anything."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--anchor",
            type=Path,
            metavar="FILE",
            help="a file with anchors, or a log that holds them (default: var/audit-anchor.jsonl)",
        )

    def handle(self, *, anchor: Path | None, **_: Any) -> None:
        known = list(self._anchors(anchor))
        try:
            report = verification.verify(anchors=known)
        except verification.ChainBroken as broken:
            raise CommandError(str(broken)) from None
        self.stdout.write(
            f"The audit chain is whole: {report.sealed} events sealed, {report.erased} of them"
            f" pseudonymised, {report.unsealed} waiting to be sealed; compared with"
            f" {report.anchors} anchors."
        )
        if not known:
            self.stdout.write("Without an anchor a cut end of the chain cannot be seen.")

    def _anchors(self, given: Path | None) -> list[anchors.Anchor]:
        file = given or anchors.default_file()
        try:
            return list(anchors.read(file))
        except FileNotFoundError:
            if given is None:
                return []
            raise CommandError(f"There is no file {file}.") from None
        except OSError as error:
            raise CommandError(f"The anchors in {file} cannot be read: {error.strerror}.") from None

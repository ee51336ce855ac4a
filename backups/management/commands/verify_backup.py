from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backups import container, drills, making, recipients, schema, verifying
from backups.management import openers
from backups.models import Backup


class Command(BaseCommand):
    help = "Read a backup back: open it, load it into a scratch database, compare. Changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="the file, or the name of a listed backup")
        parser.add_argument(
            "--drill",
            action="store_true",
            help="restore it into an empty database as well, which is thrown away",
        )
        openers.add_arguments(parser)

    def handle(self, *, file: str, drill: bool, **options: Any) -> None:
        path = openers.find(file)
        listed = Backup.objects.filter(name=path.name.removesuffix(making.SUFFIX)).first()
        try:
            opener = openers.read(options)
            found = verifying.verify(path, opener, sha256=listed.sha256 if listed else "")
            if drill and listed is not None:
                drills.drill(listed, opener)
        except (
            container.ContainerRefused,
            schema.NewerRelease,
            recipients.NoKeyFits,
            recipients.BadKey,
            OSError,
        ) as error:
            raise CommandError(str(error)) from None
        self._say(path, found)

    def _say(self, path: Path, found: verifying.Verification) -> None:
        self.stdout.write(f"{path.name}: {sum(found.counts.values())} rows, SHA-256 {found.sha256}")
        if found.depth == verifying.STRUCTURE:
            needed = recipients.describe(found.header.recipients)
            self.stdout.write(f"Only hash and structure were looked at: opening it needs {needed}.")
        else:
            self.stdout.write("It opens, loads and fits together.")

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from accounts.models import User
from audit import events
from audit import services as audit
from backups import claims, container, making, recipients, reports, restores, schema, wishes
from backups.management import openers

REFUSALS = (
    container.ContainerRefused,
    schema.NewerRelease,
    recipients.NoKeyFits,
    recipients.BadKey,
    wishes.RestoreRefused,
    OSError,
)


class Command(BaseCommand):
    help = (
        "Restore a backup: into an empty installation all of it, otherwise what the mode says.\n"
        "Security state never goes back: used codes stay used, removed factors and deleted\n"
        "accounts stay away, passwords and roles stay as they are."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("file", help="the file, or the name of a backup in the local directory")
        parser.add_argument("--dry-run", action="store_true", help="show what would happen")
        parser.add_argument("--mode", choices=("replace", "missing"), default="missing")
        parser.add_argument("--user", metavar="ADDRESS", help="the vault of this one user only")
        parser.add_argument(
            "--take-backup-side",
            action="store_true",
            help="overwrite what was changed here since, and remove what is new",
        )
        parser.add_argument(
            "--bring-back",
            action="append",
            default=[],
            metavar="MODEL:KEY",
            help="a row that security holds back, as the dry run lists it; may be repeated",
        )
        parser.add_argument("--yes", action="store_true", help="do not ask for the name")
        openers.add_arguments(parser)

    def handle(self, *, file: str, dry_run: bool, yes: bool, **options: Any) -> None:
        path = openers.find(file)
        wish = self._wish(options)
        with self._claimed() as claim, self._refused(path, wish):
            with restores.opened(path, openers.read(options), tick=claim.tick) as source:
                if dry_run:
                    self._say(restores.rehearse(source, wish, tick=claim.tick_apart))
                    return
                self._ask(path, yes=yes)
                if not restores.is_bare():
                    safety = restores.make_safe(by=None, tick=claim.tick, at=timezone.now())
                    self.stdout.write(f"Safety backup: {safety.name} ({safety.state})")
                self._begin(path, wish)
                claim.renew()
                report = restores.carry_out(
                    source,
                    wish,
                    by=None,
                    name=_name(path),
                    at=timezone.now(),
                    tick=claim.tick_apart,
                )
            self._say(report)
            self.stdout.write("Restored. Every session has ended.")

    def _wish(self, options: dict[str, Any]) -> wishes.Wish:
        brought = []
        for pair in options["bring_back"]:
            label, colon, key = pair.partition(":")
            if not colon:
                raise CommandError(f"“{pair}” is not MODEL:KEY.")
            brought.append((label, key))
        user = self._user(options["user"]) if options["user"] else None
        return wishes.Wish(
            mode=wishes.USER if user else options["mode"],
            user=user,
            takes_backup_side=options["take_backup_side"],
            brought_back=frozenset(brought),
        )

    def _user(self, address: str) -> UUID:
        user = User.objects.filter(email__iexact=address).first()
        if user is None:
            raise CommandError(f"Nobody here has the address {address}.")
        return user.pk

    def _ask(self, path: Path, *, yes: bool) -> None:
        if yes or restores.is_bare():
            return
        self.stdout.write(f"Type the name of the backup to restore it: {_name(path)}")
        if input().strip() != _name(path):
            raise restores.WrongName

    def _begin(self, path: Path, wish: wishes.Wish) -> None:
        facts = {"backup": _name(path), "mode": wish.mode}
        # In an empty installation the log itself is about to come back.
        if not restores.is_bare():
            audit.record(events.RESTORE_BEGUN, facts=facts)

    def _say(self, report: reports.Report) -> None:
        for label, counts in sorted(report.tables.items()):
            words = [f"{name.replace('_', ' ')} {count}" for name, count in vars(counts).items()]
            shown = [word for word in words if not word.endswith(" 0")]
            self.stdout.write(f"{label}: {', '.join(shown)}")
        for row in report.conflicts:
            self.stdout.write(f"changed here since: {row['table']}:{row['key']}")
        for row in report.held:
            self.stdout.write(f"held back ({row['why']}): {row['table']}:{row['key']}")
        self.stdout.write(f"{report.changes} changes")

    @contextmanager
    def _claimed(self) -> Iterator[claims.Claim]:
        try:
            claim = claims.take("restore", at=timezone.now())
        except claims.Busy as busy:
            raise CommandError(str(busy)) from None
        try:
            yield claim
        finally:
            claim.release()

    @contextmanager
    def _refused(self, path: Path, wish: wishes.Wish) -> Iterator[None]:
        try:
            yield
        except REFUSALS as error:
            if not restores.is_bare():
                facts = {"backup": _name(path), "mode": wish.mode, "reason": type(error).__name__}
                audit.record(events.RESTORE_REFUSED, facts=facts)
            raise CommandError(str(error)) from None
        except DatabaseError:
            raise CommandError("The database refused a row; nothing was changed.") from None


def _name(path: Path) -> str:
    return path.name.removesuffix(making.SUFFIX)

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from backups import claims, container, pipeline, schema, upgrades
from backups.models import Backup


class Command(BaseCommand):
    help = "Make a backup now and verify it. The site may run meanwhile."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--note", default="", help="a line to find it by")
        parser.add_argument(
            "--before-upgrade",
            action="store_true",
            help="only if migrations are waiting; “make run” does this by itself",
        )

    def handle(self, *, note: str, before_upgrade: bool, **_: Any) -> None:
        if before_upgrade:
            self._before_upgrade()
            return
        try:
            claim = claims.take("backup", at=timezone.now())
        except claims.Busy as busy:
            raise CommandError(str(busy)) from None
        backup = pipeline.start(Backup.Kind.COMMAND, note=note[:200], at=timezone.now())
        try:
            pipeline.run(backup, tick=claim.tick)
        except pipeline.BackupFailed as error:
            pipeline.mark_failed(backup.id, str(error), at=timezone.now())
            raise CommandError(str(error)) from None
        finally:
            claim.release()
        self._say(backup)

    def _say(self, backup: Backup) -> None:
        backup.refresh_from_db()
        self.stdout.write(f"{pipeline.local_file(backup)}")
        self.stdout.write(
            f"{backup.get_state_display()} ({backup.get_verified_depth_display()}):"
            f" {backup.rows} rows, {backup.size} bytes, SHA-256 {backup.sha256}"
        )
        for copy in backup.copies.filter(state="waiting"):
            self.stdout.write(f"not in {copy.place} yet: {copy.failure} It is tried again.")

    def _before_upgrade(self) -> None:
        if not upgrades.is_needed():
            return
        try:
            written = upgrades.make(at=timezone.now())
        except (container.ContainerRefused, schema.NewerRelease, OSError) as error:
            raise CommandError(
                f"The backup before the upgrade failed, so nothing was upgraded: {error}"
            ) from None
        self.stdout.write(f"Backup before the upgrade: {written.path}")

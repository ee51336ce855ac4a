from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from exports import services
from exports.catalogue import FORMATS
from exports.choosing import Choice, gather


class Command(BaseCommand):
    help = "Writes a user's codes into a file, for a migration. The user is told, the log has it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, help="E-mail address of the user.")
        parser.add_argument("--format", required=True, choices=list(FORMATS))
        parser.add_argument("--output", required=True, type=Path, help="A file that is not there.")
        parser.add_argument(
            "--password-file",
            type=Path,
            help="First line: the password of the file. Without it anybody can read the file.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["user"].strip().lower()).first()
        if user is None:
            raise CommandError("There is no user with this address.")
        password = _password(options["password_file"])
        choice, now = Choice(options["format"], is_strict=False), timezone.now()
        gathered = gather(user, choice)
        if not gathered.accounts:
            raise CommandError(str(services.NothingToExport.sentence))
        try:
            handle = os.open(options["output"], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"{options['output']} cannot be made: {error.strerror}.") from None
        services.tell(
            user, choice, len(gathered.accounts), password is not None, by="console", at=now
        )
        with os.fdopen(handle, "wb") as output:
            for piece in services.make_now(
                user, choice, gathered, password=password, at=now
            ).pieces:
                output.write(piece)
        for left in gathered.left_out:
            self.stderr.write(f"Left out: {left.title} {left.subtitle}: {left.why}")
        self.stdout.write(f"{len(gathered.accounts)} codes are in {options['output']}.")


def _password(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise CommandError(f"{path} cannot be read as text.") from None
    if not lines or not lines[0]:
        raise CommandError(f"The first line of {path} is empty.")
    return lines[0]

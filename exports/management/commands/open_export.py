from __future__ import annotations

import getpass
import os
import re
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from vault.formats import container
from vault.formats.refusals import FormatRefusal


class Command(BaseCommand):
    help = "Opens a file that an export sealed with a password (tools/open_export.py does too)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--output", type=Path, help="A file that is not there.")
        parser.add_argument("--password-file", type=Path, help="First line: the password.")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        target = options["output"]
        try:
            sealed = path.read_bytes()
            opened = container.open_all(sealed, password=_password(options["password_file"]))
            extension = opened.extension
            if not re.fullmatch(r"[a-z0-9.]{1,12}", extension):
                extension = "bin"
            target = target or path.with_suffix(f".{extension}")
            handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FormatRefusal as refusal:
            raise CommandError(str(refusal)) from None
        except FileExistsError:
            raise CommandError(f"{target} is there already.") from None
        except OSError as error:
            raise CommandError(str(error)) from None
        with os.fdopen(handle, "wb") as output:
            output.write(opened.content)
        self.stdout.write(str(target))


def _password(path: Path | None) -> str:
    if path is None:
        return getpass.getpass("Password of the export: ")
    return path.read_text(encoding="utf-8").splitlines()[0]

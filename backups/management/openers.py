"""Arguments that several commands share: which file, and which keys open it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from backups import keys, making, recipients


def add_arguments(parser: CommandParser) -> None:
    parser.add_argument(
        "--key-file",
        type=Path,
        help="a file with backup keys, if the site's own (BACKUP_KEY) are others",
    )
    parser.add_argument(
        "--private-key-file",
        type=Path,
        help="a file with the private key, for backups that are sealed to a public key",
    )


def read(options: Mapping[str, Any]) -> keys.Opener:
    """The keys that were brought along; raises recipients.BadKey or OSError."""
    key_file, private_file = options.get("key_file"), options.get("private_key_file")
    own = recipients.parse_keys(key_file.read_text()) if key_file else keys.own_keys()
    private_key = recipients.parse_private_key(private_file.read_text()) if private_file else None
    return keys.Opener(own, private_key)


def find(word: str) -> Path:
    """A file by its path, or a backup of the local directory by its name."""
    for path in (Path(word), making.folder() / word, making.folder() / f"{word}{making.SUFFIX}"):
        if path.is_file():
            return path
    raise CommandError(f"There is no such file, nor a backup called “{word}”.")

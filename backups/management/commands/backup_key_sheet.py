from __future__ import annotations

import textwrap
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from backups import keys, recipients

SHEET = """\
AuthNode: backup keys of {site}
printed {day}

Keep this sheet in a safe, apart from the backups. Whoever has it and a backup can
read everything that the backup holds, and become anybody on this site.

{keys}
To restore on an empty machine:
  1. Install AuthNode; do not start it.
  2. mkdir -m 700 var, and write the key lines above into var/backup.key
     (mode 600), each as one line: the key id, a colon, the 43 characters.
  3. scripts/database
  4. .venv/bin/python manage.py restore_backup FILE
  5. make run
The key also opens a backup without AuthNode: python tools/open_backup.py --help
"""
PAIR = """\
Private key, for the safe (it never belongs on the server):
  {private}
Public key, for the server's environment:
  BACKUP_PUBLIC_KEYS={public}
Fingerprint: {fingerprint}
"""


class Command(BaseCommand):
    help = (
        "Print the backup keys as a sheet for the safe. With --new-pair: make a key pair instead,"
        " so that the server can write backups and not read them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--new-pair", action="store_true", help="make an X25519 key pair")

    def handle(self, *, new_pair: bool, **_: Any) -> None:
        if new_pair:
            private, public = recipients.new_pair()
            raw = recipients.parse_public_key(public).public_bytes_raw()
            self.stdout.write(
                PAIR.format(private=private, public=public, fingerprint=recipients.fingerprint(raw))
            )
            return
        lines = "".join(_lines(key) for key in keys.own_keys())
        day = f"{timezone.localdate():%Y-%m-%d}"
        self.stdout.write(SHEET.format(site=settings.SITE_URL, day=day, keys=lines))


def _lines(key: recipients.BackupKey) -> str:
    # Read aloud and typed in again: in groups, with something to compare at the end.
    groups = " ".join(textwrap.wrap(recipients.encode(key.key), 6))
    return f"  {key.id}: {groups}\n  compare: fingerprint {key.fingerprint}\n\n"

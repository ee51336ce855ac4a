from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core import keycheck, keyring, rotation


class Command(BaseCommand):
    help = (
        "Seal everything anew under the first key of MASTER_KEY. Add the new key as the first"
        " line, keep the old ones below, restart, run this, and retire the old key when its count"
        " is 0. It may run beside the site and be interrupted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--retire", metavar="KEY", help="forget a key nothing is sealed under")

    def handle(self, *, retire: str | None, **_: Any) -> None:
        keycheck.verify()
        keycheck.record_current()
        for model, field in rotation.sealed_fields():
            changed = rotation.reseal(model, field)
            self.stdout.write(f"{model._meta.label}.{field.name}: {changed} sealed anew")
        for key_id, count in sorted(rotation.count_by_key().items()):
            self.stdout.write(f"{key_id}: {count} values")
        if retire:
            self._retire(retire)

    def _retire(self, key_id: str) -> None:
        try:
            rotation.retire(key_id)
        except rotation.KeyStillInUse as error:
            raise CommandError(f"{key_id} cannot be retired: {error}") from None
        self.stdout.write(
            f"{key_id} is retired. Remove its line from MASTER_KEY; {keyring.ring().current} seals."
        )

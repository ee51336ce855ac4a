from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts import sign_up


class Command(BaseCommand):
    help = "Print a one-time link with which the first operator makes an account (24 hours)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--if-needed", action="store_true", help="print nothing when there is an operator"
        )

    def handle(self, *, if_needed: bool, **_: Any) -> None:
        try:
            self.stdout.write(sign_up.make_set_up_link(at=timezone.now()))
        except sign_up.SignUpClosed:
            if not if_needed:
                raise CommandError(
                    "This site has an operator already. Use “manage.py invite ADDRESS”."
                ) from None

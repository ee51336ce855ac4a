from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts import addresses, operators, roles
from accounts.models import User

WORDS = {"none": roles.NONE, **{name: name for name in roles.NAMES}}


class Command(BaseCommand):
    help = "Give ADDRESS a role in the administration, or show the one it has."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address")
        parser.add_argument("role", nargs="?", choices=list(WORDS))

    def handle(self, *, address: str, role: str | None, **_: Any) -> None:
        user = User.objects.filter(email=addresses.normalise(address)).first()
        if user is None:
            raise CommandError(f"{address} has no account.")
        if role is None:
            self.stdout.write(roles.of(user) or "none")
            return
        try:
            has_changed = roles.give(user, WORDS[role], by=None, at=timezone.now())
        except operators.LastOperator:
            raise CommandError("This is the only operator. Make somebody else one first.") from None
        if has_changed:
            self.stdout.write("Done. Every session of this account has ended.")
        else:
            self.stdout.write("Nothing to do: this is the role it has.")

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts import addresses
from accounts.models import User
from recovery import services as recovery


class Command(BaseCommand):
    help = "End all backup sign-in codes of a user at once. The user is told, with the reason."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", help="the user's e-mail address")
        parser.add_argument("--reason", required=True, help="what the user is told")

    def handle(self, *, address: str, reason: str, **_: Any) -> None:
        user = User.objects.filter(email=addresses.normalise(address)).first()
        if user is None:
            raise CommandError("Nobody here has this address.")
        if not reason.strip() or len(reason) > 300:
            raise CommandError("Give a reason of at most 300 characters.")
        try:
            recovery.invalidate(user, by=None, reason=reason.strip(), at=timezone.now())
        except recovery.NothingToInvalidate:
            raise CommandError("This user has no valid backup sign-in codes.") from None
        self.stdout.write(f"The backup sign-in codes of {user.email} no longer work.")

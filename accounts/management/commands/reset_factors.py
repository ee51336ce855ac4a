from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts import addresses
from accounts.help import services as factor_help
from accounts.models import User


class Command(BaseCommand):
    help = "Remove the second factors of ADDRESS in 24 hours, unless its owner stops it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address")
        parser.add_argument("--reason", required=True, help="told to the owner of the account")
        parser.add_argument("--now", action="store_true", help="at once, without the 24 hours")

    def handle(self, *, address: str, reason: str, now: bool, **_: Any) -> None:
        at = timezone.now()
        user = User.objects.filter(email=addresses.normalise(address)).first()
        if user is None:
            raise CommandError(f"{address} has no account.")
        waits_for = timedelta(0) if now else factor_help.WAITS_FOR
        try:
            row = factor_help.request_reset(
                user, reason=reason[:300], by=None, at=at, waits_for=waits_for
            )
        except factor_help.NothingToReset:
            raise CommandError(f"{address} has no second factor.") from None
        except factor_help.ResetWaits:
            raise CommandError("A reset for this account waits already.") from None
        if factor_help.apply(row.pk, at=at):
            self.stdout.write("Done. Every session of this account has ended.")
        else:
            self.stdout.write(f"The factors go on {row.effective_at:%Y-%m-%d %H:%M} UTC.")

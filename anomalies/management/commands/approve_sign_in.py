from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts import addresses
from accounts.models import User
from anomalies import grants
from anomalies.models import ReviewCase, SignInGrant


class Command(BaseCommand):
    help = "Let a held sign-in of a user in. They sign in again in the same browser."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", help="the user's e-mail address")
        parser.add_argument("--reason", required=True, help="what the user is told")
        parser.add_argument("--from", dest="origin", default="", help="only from this address")

    def handle(self, *, address: str, reason: str, origin: str, **_: Any) -> None:
        now = timezone.now()
        user = User.objects.filter(email=addresses.normalise(address)).first()
        if user is None:
            raise CommandError("Nobody here has this address.")
        if not reason.strip() or len(reason) > 300:
            raise CommandError("Give a reason of at most 300 characters.")
        rows = SignInGrant.waiting(at=now).filter(user=user, approved_at=None)
        if origin:
            rows = rows.filter(attempt__address=origin)
        held = list(rows.select_related("attempt").order_by("created_at"))
        if not held:
            raise CommandError("No sign-in of this user is held.")
        if len(held) > 1:
            lines = [f"  {row.attempt.address} {row.attempt.browser}" for row in held]
            raise CommandError(
                "More than one sign-in is held; name one with --from:\n" + "\n".join(lines)
            )
        try:
            row = grants.approve(held[0].pk, reason=reason.strip(), by="console", at=now)
        except grants.NothingToApprove:
            raise CommandError("No sign-in of this user is held.") from None
        ReviewCase.objects.filter(attempt=row.attempt_id, state=ReviewCase.State.OPEN).update(
            state=ReviewCase.State.APPROVED,
            closed_at=now,
            closed_by="console",
            reason=reason.strip(),
        )
        self.stdout.write(f"Approved: {user.email} signs in again in the same browser.")

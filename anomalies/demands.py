"""A new password is demanded: until then nobody signs in to the account."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import User
from anomalies.models import PasswordDemand
from audit import events
from audit import services as audit


class NothingToLift(Exception):
    """No new password is demanded of this user (any more)."""


def is_open(user: User) -> bool:
    """Whether the password in force when the demand was raised still is the one in force."""
    return PasswordDemand.objects.filter(
        user=user, lifted_at=None, credentials_version=user.credentials_version
    ).exists()


def demand(user: User, *, by_operator: bool, at: datetime) -> bool:
    """Demand a new password, in the caller's transaction; False where nobody could give one.

    Somebody without a password is kept out by an operator only, who lets them in again.
    """
    if not by_operator and not user.has_usable_password():
        return False
    if not is_open(user):
        PasswordDemand.objects.create(
            user=user,
            credentials_version=user.credentials_version,
            is_by_operator=by_operator,
            created_at=at,
        )
        audit.record(events.PASSWORD_DEMANDED, user=user.pk, at=at)
    return True


def lift(user_id: UUID, *, reason: str, by: str, at: datetime) -> None:
    """An operator lets the user sign in with the present password; raises NothingToLift."""
    with transaction.atomic():
        user = User.objects.get(pk=user_id)
        rows = PasswordDemand.objects.filter(
            user=user, lifted_at=None, credentials_version=user.credentials_version
        )
        if not rows.update(lifted_at=at):
            raise NothingToLift
        audit.record(
            events.PASSWORD_DEMAND_LIFTED,
            user=user_id,
            details={"reason": reason},
            facts={"by": by},
            at=at,
        )

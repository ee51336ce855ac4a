"""Who must have a second factor, and from when on.

`SECOND_FACTOR` is optional, operators or all. Whoever it concerns has `SECOND_FACTOR_GRACE_DAYS`
from the first sign-in under the policy; then every page but the enrolment is closed to them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from accounts import factors
from accounts.models import User


class LastFactorNeeded(Exception):
    """The policy demands a factor, and this is the only one left."""


def concerns(user: User) -> bool:
    if settings.SECOND_FACTOR == "operators":
        return user.is_staff
    return bool(settings.SECOND_FACTOR == "all")


def start_grace(user: User, *, at: datetime) -> None:
    """Set, once, the day from which a factor is demanded of somebody."""
    if concerns(user) and user.factor_due_at is None:
        due = at + timedelta(days=settings.SECOND_FACTOR_GRACE_DAYS)
        User.objects.filter(pk=user.pk, factor_due_at=None).update(factor_due_at=due)
        user.factor_due_at = due


def is_due(user: User, *, at: datetime) -> bool:
    """Whether the time of grace is over for somebody the policy concerns."""
    return concerns(user) and user.factor_due_at is not None and user.factor_due_at <= at


def ask_to_remove(user: User) -> None:
    """Raises LastFactorNeeded when the only factor of somebody the policy concerns would go."""
    if concerns(user) and factors.count(user) <= 1:
        raise LastFactorNeeded

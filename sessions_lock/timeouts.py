"""After how many minutes a user's sessions lock: the shortest of what user, operator and site say.

Lowering reaches the live sessions at once. Nothing here can be set to "never".
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import User
from audit import events
from audit import services as audit
from notifications import services as notifications
from sessions_lock import deadlines
from sessions_lock.models import LockTimeout, SessionActivity

CHOICES = (5, 10, 15, 20, 30, 45, 60)
# Whoever operates the site is not shown to the user by address and browser, as if an intruder.
NOWHERE = {"address": "", "browser": ""}


class TimeoutRefused(Exception):
    """The base of the refusals here."""


class OutOfBounds(TimeoutRefused):
    """The site allows no such timeout."""


class ConfirmationNeeded(TimeoutRefused):
    """A longer timeout needs a fresh proof that it is the user who asks."""


def effective(user_id: UUID | str) -> timedelta:
    """What holds for a user; one query, asked when a session starts."""
    return timedelta(minutes=shortest(LockTimeout.objects.filter(user_id=user_id).first()))


def shortest(row: LockTimeout | None) -> int:
    most = min(settings.LOCK_MINUTES_MOST, (row and row.most_minutes) or settings.LOCK_MINUTES_MOST)
    own = (row and row.minutes) or settings.LOCK_MINUTES
    return min(max(own, settings.LOCK_MINUTES_LEAST), most)


def offered(row: LockTimeout | None) -> list[int]:
    """The choices of a user, within what site and operator allow."""
    most = min(settings.LOCK_MINUTES_MOST, (row and row.most_minutes) or settings.LOCK_MINUTES_MOST)
    least = min(settings.LOCK_MINUTES_LEAST, most)
    return sorted({*(each for each in CHOICES if least <= each <= most), shortest(row)})


def of_user(user: User) -> LockTimeout | None:
    return LockTimeout.objects.filter(user=user).first()


def choose(user: User, *, minutes: int, is_confirmed: bool, at: datetime) -> None:
    """Keep the user's own choice; raises OutOfBounds or ConfirmationNeeded."""
    row = of_user(user)
    if minutes not in offered(row):
        raise OutOfBounds
    if minutes > shortest(row) and not is_confirmed:
        raise ConfirmationNeeded
    with transaction.atomic():
        LockTimeout.objects.update_or_create(user=user, defaults={"minutes": minutes})
        audit.record(
            events.LOCK_TIMEOUT_CHOSEN,
            user=user.pk,
            details={"minutes": str(minutes)},
            at=at,
        )
        apply(user.pk, at=at)


def allow_at_most(
    user: User, *, minutes: int | None, by: User | None, reason: str, at: datetime
) -> None:
    """An operator's limit for one user, or None to lift it; the user is told."""
    with transaction.atomic():
        LockTimeout.objects.update_or_create(user=user, defaults={"most_minutes": minutes})
        apply(user.pk, at=at)
        words = str(shortest(of_user(user)))
        audit.record(
            events.LOCK_TIMEOUT_LIMITED,
            user=user.pk,
            details={"minutes": words, "reason": reason},
            facts={"operator": str(by.pk) if by else "console"},
            at=at,
        )
        params = {"minutes": words, "reason": reason, **NOWHERE}
        notifications.notify(user, "lock_timeout_limited", params=params, at=at)


def apply(user_id: UUID, *, at: datetime) -> None:
    """Bring the live sessions of a user to the timeout that holds now."""
    timeout = effective(user_id)
    for pk in SessionActivity.objects.live(at=at).filter(user_id=user_id).values_list("pk"):
        while not _moved(pk[0], timeout, at=at):
            # A request has moved its deadline meanwhile: judge what stands there now.
            continue


def _moved(pk: UUID, timeout: timedelta, *, at: datetime) -> bool:
    row = SessionActivity.objects.live(at=at).filter(pk=pk).defer("session_data").first()
    if row is None or row.lock_deadline is None or row.last_activity_at is None:
        return True
    wanted = row.last_activity_at + timeout
    is_lower = timeout < row.timeout
    bounded = min(row.lock_deadline, wanted) if is_lower else max(deadlines.of(row), wanted)
    same = SessionActivity.objects.filter(
        pk=pk,
        ended_at=None,
        lock_deadline=row.lock_deadline,
        last_activity_at=row.last_activity_at,
    )
    return bool(
        same.update(
            timeout_seconds=int(timeout.total_seconds()),
            lock_deadline=min(bounded, row.absolute_deadline),
        )
    )

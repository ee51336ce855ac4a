"""Held sign-ins: nothing else is at hand to prove who it is.

A grant belongs to the user and the browser that was held. It opens when an operator approves it,
or by itself after a day in which the user was told, and the next sign-in from that browser uses
it up. Trying again meanwhile does not start the day anew.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import operators
from accounts.models import User
from anomalies.models import LoginAttempt, SignInGrant
from audit import events
from audit import services as audit
from notifications import services as notifications

GRANT = "grant"
LASTS = timedelta(days=7)


class NothingToApprove(Exception):
    """No sign-in of this user is held (any more)."""


def hold(attempt: LoginAttempt, user: User, *, opens_by_itself: bool, at: datetime) -> SignInGrant:
    """Keep the sign-in of a browser waiting; an earlier one of the same browser goes on waiting."""
    waiting = SignInGrant.waiting(at=at).filter(user=user, browser_key=attempt.browser_key)
    with transaction.atomic():
        # Two requests of one browser wait for each other here.
        User.objects.select_for_update().get(pk=user.pk)
        row = waiting.order_by("created_at").first()
        if row is not None:
            return row
        held_for = timedelta(hours=settings.ANOMALIES_HOLD_HOURS)
        row = SignInGrant.objects.create(
            user=user,
            attempt=attempt,
            browser_key=attempt.browser_key,
            created_at=at,
            opens_at=at + held_for if opens_by_itself else None,
            expires_at=at + held_for + LASTS,
        )
        audit.record(events.SIGN_IN_HELD, user=user.pk, at=at)
        notifications.notify(user, "sign_in_held", params=_words(row), at=at)
        _tell_operators(user, at=at)
    return row


def of_browser(user: User, browser_key: str, *, at: datetime) -> SignInGrant | None:
    rows = SignInGrant.waiting(at=at).filter(user=user, browser_key=browser_key)
    return rows.order_by("created_at").first()


def claim(user: User, browser_key: str, *, pending_id: UUID, at: datetime) -> bool:
    """Use an open grant of this browser up for this sign-in; once claimed it stays its own."""
    own = SignInGrant.objects.filter(user=user, browser_key=browser_key)
    if own.filter(used_by=pending_id).exists():
        return True
    row = SignInGrant.open(at=at).filter(user=user, browser_key=browser_key).first()
    if row is None:
        return False
    claimed = SignInGrant.open(at=at).filter(pk=row.pk).update(used_at=at, used_by=pending_id)
    return claimed == 1


def approve(grant_id: UUID, *, reason: str, by: str, at: datetime) -> SignInGrant:
    """Open a grant now, once; raises NothingToApprove."""
    with transaction.atomic():
        rows = SignInGrant.waiting(at=at).filter(pk=grant_id, approved_at=None)
        if rows.update(approved_at=at) != 1:
            raise NothingToApprove
        row = SignInGrant.objects.select_related("user").get(pk=grant_id)
        audit.record(
            events.SIGN_IN_APPROVED,
            user=row.user_id,
            details={"reason": reason},
            facts={"by": by},
            at=at,
        )
        words = {"reason": reason, "address": "", "browser": ""}
        notifications.notify(row.user, "sign_in_approved", params=words, at=at)
    return row


def stop_all(user_id: UUID, *, at: datetime) -> int:
    """Whoever is held does not get in: the owner or an operator says that it is not them."""
    rows = SignInGrant.waiting(at=at).filter(user_id=user_id)
    return rows.update(stopped_at=at)


def remind(*, at: datetime) -> int:
    """Tell once more, half-way, those whose account will open by itself; the answer is how many."""
    half = timedelta(hours=settings.ANOMALIES_HOLD_HOURS) / 2
    rows = SignInGrant.waiting(at=at).filter(
        reminded_at=None, approved_at=None, opens_at__gt=at, created_at__lte=at - half
    )
    told = 0
    for row in rows.select_related("user", "attempt"):
        with transaction.atomic():
            if rows.filter(pk=row.pk).update(reminded_at=at) == 1:
                notifications.notify(row.user, "sign_in_held", params=_words(row), at=at)
                told += 1
    return told


def _words(row: SignInGrant) -> dict[str, str]:
    when = timezone.localtime(row.opens_at) if row.opens_at else None
    return {
        "address": row.attempt.address,
        "browser": row.attempt.browser,
        "place": row.attempt.place,
        "when": when.strftime("%Y-%m-%d %H:%M %Z") if when else "",
    }


def _tell_operators(user: User, *, at: datetime) -> None:
    for operator in operators.active().exclude(pk=user.pk):
        words = {"email": user.email, "address": "", "browser": ""}
        notifications.notify(operator, "sign_in_to_review", params=words, at=at)

"""“It was me” and “This wasn't me”: what follows from the user's word."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from accounts import signals
from accounts.models import User
from anomalies import baseline, cases, demands, grants
from anomalies.models import LoginAttempt, Mute, ReviewCase
from audit import events
from audit import services as audit

MUST_CHANGE = "must_change_password"


class SettledAlready(Exception):
    """The user has said whose this sign-in was."""


def it_was_me(user: User, attempt: LoginAttempt, *, at: datetime) -> None:
    """Raises SettledAlready."""
    with transaction.atomic():
        rows = LoginAttempt.objects.for_owner(user).filter(
            pk=attempt.pk, denied_at=None, confirmed_at=None
        )
        if rows.update(confirmed_at=at) != 1:
            raise SettledAlready
        baseline.learn(attempt, at=at)
        open_case = ReviewCase.objects.filter(attempt=attempt, state=ReviewCase.State.OPEN)
        open_case.exclude(origin=ReviewCase.Origin.HELD).update(
            state=ReviewCase.State.SAFE, closed_at=at, closed_by=user.email
        )
        audit.record(events.SIGN_IN_OWNED, user=user.pk, at=at)


def it_was_not_me(
    request: HttpRequest, user: User, attempt: LoginAttempt, *, drops_codes: bool, at: datetime
) -> bool:
    """End all that somebody else could hold; the answer is whether a new password is demanded.

    Other sessions, trusted browsers, held sign-ins and mutes end, backup codes if wanted, the
    password counts no more for signing in, and the operators get a case. Raises SettledAlready.
    """
    kept = request.session.session_key
    with transaction.atomic():
        rows = LoginAttempt.objects.for_owner(user).filter(pk=attempt.pk, denied_at=None)
        if rows.update(denied_at=at, confirmed_at=None) != 1:
            raise SettledAlready
        baseline.unlearn(attempt, at=at)
        grants.stop_all(user.pk, at=at)
        Mute.objects.filter(user=user).delete()
        is_demanded = demands.demand(user, by_operator=False, at=at)
        cases.file(attempt, origin=ReviewCase.Origin.DENIED, at=at, reopens=True)
        signals.credentials_changed.send(sender=User, user_id=user.pk, but=kept, at=at)
        signals.account_compromised.send(
            sender=User, user_id=user.pk, drops_codes=drops_codes, at=at
        )
        audit.record(events.SIGN_IN_DENIED, user=user.pk, at=at)
    if is_demanded:
        request.session[MUST_CHANGE] = user.credentials_version
    return is_demanded

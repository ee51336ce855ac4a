"""Confirm-it's-you: a sensitive deed asks for a proof that is not older than five minutes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpRequest

from accounts import signin
from accounts.models import User
from audit import events
from audit import services as audit
from core import allowances

FRESH_FOR = timedelta(minutes=5)
PROVEN_AT = "proven_at"


def is_fresh(request: HttpRequest, *, at: datetime) -> bool:
    proven_at = float(request.session.get(PROVEN_AT, 0))
    # A proof from the future is no proof: the clock was set back since.
    return 0 <= at.timestamp() - proven_at < FRESH_FOR.total_seconds()


def confirm(request: HttpRequest, user: User, *, auth_secret: bytes, at: datetime) -> None:
    """Prove the session's own user again; raises signin.SignInRefused or allowances.Spent.

    The user comes from the session, never from the form: otherwise anybody's password would do.
    """
    allowances.claim("confirm", str(user.id), limit=20, per=timedelta(hours=1), at=at)
    try:
        signin.judge_password(request, address=user.email, auth_secret=auth_secret, at=at)
    except signin.SignInRefused:
        audit.record(events.CONFIRM_REFUSED, user=user.id, at=at)
        raise
    audit.record(events.CONFIRM_PASSED, user=user.id, at=at)
    request.session.cycle_key()
    request.session[PROVEN_AT] = at.timestamp()

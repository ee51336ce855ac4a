"""`OIDC_ONLY`: the provider decides who gets in, and nothing of this site's own does.

Neither a password nor a passkey alone starts a session, and no password is reset: whoever is
switched off at the provider is out here as well. Operators have a way past it, for when the
provider is away. A passkey as second factor, and to confirm who it is, works as everywhere.
"""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest

from accounts import operators, signin
from accounts.models import User
from audit import events
from audit import services as audit

logger = logging.getLogger(__name__)
BREAK_GLASS = "break-glass"


class SingleSignOnOnly(Exception):
    """This site lets nobody in by itself here."""


def has_own_ways(request: HttpRequest) -> bool:
    """Whether the page shows, and the server judges, passwords and passkeys alone."""
    return not settings.OIDC_ONLY or BREAK_GLASS in request.GET


def may_have_password(user: User) -> bool:
    """Whether a password of theirs opens anything, so that it may be reset."""
    return operators.is_one(user) or not settings.OIDC_ONLY


def ask_for_own_way(request: HttpRequest, *, at: datetime) -> None:
    """Before a password or a passkey alone is judged; raises SingleSignOnOnly."""
    if not has_own_ways(request):
        _record_refusal(None, at=at)
        raise SingleSignOnOnly


def break_glass(user: User, *, at: datetime) -> None:
    """After a right password or passkey; raises signin.WrongPassword for all but operators.

    That it was the right one stays unsaid: this door would else be there to try passwords.
    """
    if not settings.OIDC_ONLY:
        return
    if not operators.is_one(user):
        _record_refusal(user.pk, at=at)
        raise signin.WrongPassword
    logger.warning("An operator signed in past the single sign-on that is demanded.")
    audit.record(events.SESSION_BREAK_GLASS, user=user.pk, at=at)


def _record_refusal(user_id: UUID | None, *, at: datetime) -> None:
    audit.record(
        events.SESSION_START_REFUSED,
        user=user_id,
        facts={"reason": "single sign-on only"},
        at=at,
    )

"""`OIDC_ONLY`: passwords open nothing, but for operators when the provider is away."""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest

from accounts import signin
from accounts.models import User
from audit import events
from audit import services as audit

logger = logging.getLogger(__name__)
BREAK_GLASS = "break-glass"


class SingleSignOnOnly(Exception):
    """This site takes no passwords here."""


def takes_passwords(request: HttpRequest) -> bool:
    """Whether the page shows, and the server judges, passwords."""
    return not settings.OIDC_ONLY or BREAK_GLASS in request.GET


def ask_for_password(request: HttpRequest, *, at: datetime) -> None:
    """Before a password is judged; raises SingleSignOnOnly."""
    if not takes_passwords(request):
        _record_refusal(None, at=at)
        raise SingleSignOnOnly


def break_glass(user: User, *, at: datetime) -> None:
    """After a right password; raises signin.WrongPassword for anybody but an operator.

    That it was the right one stays unsaid: this door would else be there to try passwords.
    """
    if not settings.OIDC_ONLY:
        return
    if not user.is_staff:
        _record_refusal(user.pk, at=at)
        raise signin.WrongPassword
    logger.warning("An operator passed the password page although single sign-on is demanded.")
    audit.record(events.SESSION_BREAK_GLASS, user=user.pk, at=at)


def _record_refusal(user_id: UUID | None, *, at: datetime) -> None:
    audit.record(
        events.SESSION_START_REFUSED,
        user=user_id,
        facts={"reason": "single sign-on only"},
        at=at,
    )

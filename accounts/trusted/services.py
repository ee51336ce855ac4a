"""Trusted browsers: the code of the authenticator app is not asked for during thirty days.

The browser holds a random token, the database its hash. Trust ends with the days, when it is
withdrawn, and whenever credentials change.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from accounts.models import TrustedBrowser, User
from audit import events
from audit import services as audit
from core import client

LIFETIME = timedelta(days=30)


def cookie_name() -> str:
    return "__Host-trusted" if settings.IS_HTTPS else "trusted"


def trust(request: HttpRequest, response: HttpResponse, user: User, *, at: datetime) -> None:
    """Trust this browser from now on; sets its cookie on the response."""
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        TrustedBrowser.objects.create(
            user=user,
            token_hash=_hash(token),
            browser=client.browser(request),
            address=client.address(request),
            created_at=at,
            expires_at=at + LIFETIME,
        )
        audit.record(events.BROWSER_TRUSTED, user=user.pk, at=at)
    response.set_cookie(
        cookie_name(),
        token,
        max_age=int(LIFETIME.total_seconds()),
        secure=settings.IS_HTTPS,
        httponly=True,
        samesite="Strict",
    )


def recognise(request: HttpRequest, user: User, *, at: datetime) -> bool:
    """Whether this browser is trusted by this user; notes the use."""
    token = request.COOKIES.get(cookie_name(), "")
    rows = TrustedBrowser.objects.filter(user=user, token_hash=_hash(token), expires_at__gt=at)
    return bool(token) and rows.update(last_used_at=at) == 1


def withdraw(user: User, browser_id: UUID, *, at: datetime) -> bool:
    """Stop trusting one browser; False when it was not trusted any more."""
    with transaction.atomic():
        gone, _ = TrustedBrowser.objects.filter(user=user, id=browser_id).delete()
        if gone:
            audit.record(events.BROWSER_DISTRUSTED, user=user.pk, at=at)
    return bool(gone)


def withdraw_all(user_id: UUID) -> int:
    return TrustedBrowser.objects.filter(user_id=user_id).delete()[0]


def forget_expired(*, at: datetime) -> None:
    TrustedBrowser.objects.filter(expires_at__lte=at).delete()


def section(user: User, *, at: datetime) -> dict[str, object]:
    """What the security page shows."""
    rows = user.trusted_browsers.filter(expires_at__gt=at).order_by("-created_at")
    return {"trusted_browsers": rows}


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

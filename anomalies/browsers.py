"""Knowing a browser again: a random cookie of its own, kept as a hash that is bound to the user.

The cookie opens nothing. A browser is known once a fully verified sign-in came from it.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse

LASTS = timedelta(days=400)
LONGEST = 64
ATTRIBUTE = "new_browser_token"


def cookie_name() -> str:
    return "__Host-browser" if settings.IS_HTTPS else "browser"


def key_of(request: HttpRequest, user_id: UUID) -> str:
    """What this browser is called for this user; a browser without a cookie gets one."""
    token = request.COOKIES.get(cookie_name(), "")[:LONGEST] or getattr(request, ATTRIBUTE, "")
    if not token:
        token = secrets.token_urlsafe(32)
        setattr(request, ATTRIBUTE, token)
    return hashlib.sha256(f"{user_id}|{token}".encode()).hexdigest()


def keep(request: HttpRequest, response: HttpResponse) -> None:
    """Set the cookie of a browser that has none yet."""
    token = getattr(request, ATTRIBUTE, "")
    if token:
        response.set_cookie(
            cookie_name(),
            token,
            max_age=int(LASTS.total_seconds()),
            secure=settings.IS_HTTPS,
            httponly=True,
            # Not strict: a provider of single sign-on sends the browser here from its own site.
            samesite="Lax",
        )

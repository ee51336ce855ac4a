"""The relying party (WebAuthn level 2): who this site is, and challenges that are answered once.

Name and origin come from `SITE_URL`, never from a request: a phishing relay could choose those.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from fido2.server import Fido2Server
from fido2.webauthn import PublicKeyCredentialRpEntity

from accounts.models import User, WebAuthnChallenge

LIFETIME = timedelta(minutes=5)
# Several tabs may wait for a passkey at the same time, and the sign-in page asks by itself.
MOST_OPEN = 5
ENROL, SIGN_IN, FACTOR, CONFIRM, RESET = "enrol", "sign-in", "factor", "confirm", "reset"


class ChallengeGone(Exception):
    """The challenge was answered already, has expired, or is another browser's."""


def server() -> Fido2Server:
    site = urlsplit(settings.SITE_URL)
    rp = PublicKeyCredentialRpEntity(id=site.hostname or "", name="AuthNode")
    origin = f"{site.scheme}://{site.netloc}"
    return Fido2Server(rp, verify_origin=lambda shown: shown == origin)


def keep(
    request: HttpRequest, purpose: str, state: Any, *, user: User | None, at: datetime
) -> None:
    """Keep the state of a challenge for this browser and one purpose; the oldest give way."""
    row = WebAuthnChallenge.objects.create(
        purpose=purpose, user=user, state=state, expires_at=at + LIFETIME
    )
    opened = [*_opened(request, purpose), str(row.id)]
    request.session[_key(purpose)] = opened[-MOST_OPEN:]
    WebAuthnChallenge.objects.filter(id__in=opened[:-MOST_OPEN]).delete()


def pop(request: HttpRequest, purpose: str, shown: str, *, user: User | None, at: datetime) -> Any:
    """Take the state of the challenge that an answer shows, once; raises ChallengeGone.

    It must be one of this browser's own. It is deleted before anything is verified, and the count
    of deleted rows decides: of many posts of one answer, one goes on.
    """
    rows = WebAuthnChallenge.objects.filter(
        id__in=_opened(request, purpose), purpose=purpose, user=user, expires_at__gt=at
    )
    row = next((row for row in rows if row.state["challenge"] == shown), None)
    if row is None or rows.filter(id=row.id).delete()[0] != 1:
        raise ChallengeGone
    return row.state


def forget_expired(*, at: datetime) -> None:
    WebAuthnChallenge.objects.filter(expires_at__lte=at).delete()


def _opened(request: HttpRequest, purpose: str) -> list[str]:
    return list(request.session.get(_key(purpose), []))


def _key(purpose: str) -> str:
    return f"webauthn {purpose}"

"""The relying party (WebAuthn level 2): who this site is, and challenges that are answered once.

Name and origin come from `SITE_URL`, never from a request: a phishing relay could choose those.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from fido2.server import Fido2Server
from fido2.webauthn import PublicKeyCredentialRpEntity

from accounts.models import User, WebAuthnChallenge

LIFETIME = timedelta(minutes=5)
ENROL, SIGN_IN, FACTOR, CONFIRM = "enrol", "sign-in", "factor", "confirm"


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
    """Keep the state of a challenge for this browser and one purpose."""
    row = WebAuthnChallenge.objects.create(
        purpose=purpose, user=user, state=state, expires_at=at + LIFETIME
    )
    request.session[_key(purpose)] = str(row.id)


def pop(request: HttpRequest, purpose: str, *, user: User | None, at: datetime) -> Any:
    """Take the state of this browser's challenge, once; raises ChallengeGone.

    It is deleted before anything is verified, and the count of deleted rows decides: of many
    posts of one answer, one goes on.
    """
    kept = request.session.get(_key(purpose))
    rows = WebAuthnChallenge.objects.filter(
        id=UUID(kept) if kept else UUID(int=0), purpose=purpose, user=user, expires_at__gt=at
    )
    row = rows.first()
    if row is None or rows.delete()[0] != 1:
        raise ChallengeGone
    return row.state


def forget_expired(*, at: datetime) -> None:
    WebAuthnChallenge.objects.filter(expires_at__lte=at).delete()


def _key(purpose: str) -> str:
    return f"webauthn {purpose}"

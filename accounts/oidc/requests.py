"""An authorization request: made here, answered once, by the browser that was sent away.

The state is kept as a hash that also covers a random word of the browser's session, so that an
answer carried into another browser is the answer to nothing. Whoever deletes the row has the
answer; a second answer with the same state finds none, however close it comes.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest

from accounts import links
from accounts.models import OidcRequest, User
from accounts.oidc import provider as providers
from accounts.oidc import tokens
from accounts.oidc.refusals import ProviderNonsense, ProviderRefused, StateNotValid
from core import sealing

SIGN_IN = "sign-in"
LINK = "link"
CONFIRM = "confirm"
OPEN_FOR = timedelta(minutes=10)
BINDING = "oidc_binding"


def make(
    request: HttpRequest, *, purpose: str, user: User | None, next_url: str, at: datetime
) -> str:
    """Keep a request; the answer is the provider's page. Raises OidcRefused."""
    provider = providers.discover()
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    if BINDING not in request.session:
        request.session[BINDING] = secrets.token_urlsafe(32)
    row = OidcRequest(
        state_hash=_hash(request, state),
        purpose=purpose,
        user=user,
        nonce=secrets.token_urlsafe(32),
        next_url=next_url,
        expires_at=at + OPEN_FOR,
    )
    sealing.seal_field(row, "sealed_verifier", verifier.encode())
    row.save(force_insert=True)
    # A confirmation is worth nothing when the provider answers from an earlier sign-in.
    fresh = {"max_age": "0", "prompt": "login"} if purpose == CONFIRM else {}
    return provider.authorization_url(
        state=state,
        nonce=row.nonce,
        redirect_uri=links.absolute("accounts:oidc-callback"),
        code_challenge=providers.challenge_of(verifier),
        code_challenge_method="S256",
        **fresh,
    )


def claim(request: HttpRequest, *, state: str, at: datetime) -> OidcRequest:
    """Take the request that this state belongs to, once; raises StateNotValid."""
    if not state or BINDING not in request.session:
        raise StateNotValid
    row = OidcRequest.objects.filter(state_hash=_hash(request, state), expires_at__gt=at).first()
    if row is None:
        raise StateNotValid
    taken, _ = OidcRequest.objects.filter(pk=row.pk).delete()
    if taken != 1:
        raise StateNotValid
    if row.purpose != SIGN_IN and row.user_id != request.user.pk:
        raise StateNotValid
    return row


def answer(request: HttpRequest, row: OidcRequest, *, at: datetime) -> dict[str, Any]:
    """The verified claims of the provider's answer to a claimed request; raises OidcRefused."""
    if request.GET.get("error"):
        raise ProviderRefused
    provider = providers.discover()
    # RFC 9207: an answer of another provider than the one that was asked.
    issuer = request.GET.get("iss")
    if issuer != provider.issuer and (issuer is not None or provider.states_issuer):
        raise ProviderNonsense
    code = request.GET.get("code", "")
    if not code or len(code) > 4096:
        raise ProviderNonsense
    token = provider.exchange(
        code=code,
        verifier=sealing.open_field(row, "sealed_verifier").decode(),
        redirect_uri=links.absolute("accounts:oidc-callback"),
    )
    asked_at = row.expires_at - OPEN_FOR
    return tokens.verify(token, provider, nonce=row.nonce, asked_at=asked_at, at=at)


def _hash(request: HttpRequest, state: str) -> str:
    binding = str(request.session[BINDING])
    return hmac.digest(binding.encode(), state.encode(), hashlib.sha256).hex()

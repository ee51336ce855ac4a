"""The provider: what its discovery document says, its keys, its token endpoint.

Both documents are kept in the memory of this process for a while. A shared cache would be quicker
to fill, but whoever can write to it could then hand us keys.
"""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings

from accounts.oidc import fetching
from accounts.oidc.refusals import ProviderNonsense, ProviderRefused

KEPT_SECONDS = 600
MOST_KEPT = 4


@dataclass(frozen=True, slots=True)
class Provider:
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_auth: str
    states_issuer: bool
    end_session_endpoint: str

    def authorization_url(self, **words: str) -> str:
        """Where the browser goes, with the words of one request."""
        query = {
            "response_type": "code",
            "client_id": settings.OIDC_CLIENT_ID,
            "scope": " ".join(settings.OIDC_SCOPES),
            **words,
        }
        return _with_query(self.authorization_endpoint, query)

    def end_session_url(self, *, back: str) -> str:
        """Where the browser signs out there, or "" where the provider offers no such page.

        Without the ID token as a hint, because none is kept here: the provider asks the person.
        """
        if not self.end_session_endpoint:
            return ""
        query = {"client_id": settings.OIDC_CLIENT_ID, "post_logout_redirect_uri": back}
        return _with_query(self.end_session_endpoint, query)

    def exchange(self, *, code: str, verifier: str, redirect_uri: str) -> str:
        """The ID token for a code; raises OidcRefused."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        basic = None
        if self.token_auth == "client_secret_basic":
            basic = (settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET)
        else:
            form["client_id"] = settings.OIDC_CLIENT_ID
        if self.token_auth == "client_secret_post":
            form["client_secret"] = settings.OIDC_CLIENT_SECRET
        status, answer = fetching.post_form(self.token_endpoint, form, basic=basic)
        if status != 200:
            raise ProviderRefused
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise ProviderNonsense
        return token


class _Kept:
    """A few JSON documents by address, each for ten minutes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._documents: dict[str, tuple[float, dict[str, Any]]] = {}

    def get(self, url: str, *, anew: bool = False) -> dict[str, Any]:
        with self._lock:
            at, document = self._documents.get(url, (0.0, {}))
        if document and not anew and time.monotonic() - at < KEPT_SECONDS:
            return document
        document = fetching.get_json(url)
        with self._lock:
            if len(self._documents) >= MOST_KEPT:
                self._documents.clear()
            self._documents[url] = (time.monotonic(), document)
        return document

    def forget(self) -> None:
        with self._lock:
            self._documents.clear()


kept = _Kept()


def discover() -> Provider:
    """The configured provider; raises ProviderAway or ProviderNonsense."""
    issuer = settings.OIDC_ISSUER
    document = kept.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    authorization, token, jwks = addresses = [str(document.get(name)) for name in names]
    if document.get("issuer") != issuer or not all(map(_is_usable, addresses)):
        raise ProviderNonsense
    ending = document.get("end_session_endpoint")
    if ending is not None and not _is_usable(ending):
        raise ProviderNonsense
    return Provider(
        issuer=issuer,
        authorization_endpoint=authorization,
        token_endpoint=token,
        jwks_uri=jwks,
        token_auth=_token_auth(document.get("token_endpoint_auth_methods_supported")),
        states_issuer=document.get("authorization_response_iss_parameter_supported") is True,
        end_session_endpoint=ending or "",
    )


def keys(provider: Provider, *, anew: bool = False) -> list[dict[str, Any]]:
    """The provider's public keys as JWKs; raises ProviderAway or ProviderNonsense."""
    found = kept.get(provider.jwks_uri, anew=anew).get("keys")
    if not isinstance(found, list):
        raise ProviderNonsense
    return [key for key in found[:100] if isinstance(key, dict)]


def challenge_of(verifier: str) -> str:
    """The S256 challenge of RFC 7636."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _is_usable(url: object) -> bool:
    """An issuer somewhere else must not send us to services of this machine."""
    is_local = fetching.is_loopback(urlsplit(settings.OIDC_ISSUER).hostname or "")
    return fetching.is_acceptable(url) and (is_local or str(url).startswith("https://"))


def _with_query(url: str, query: dict[str, str]) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(query)}"


def _token_auth(supported: object) -> str:
    if not settings.OIDC_CLIENT_SECRET:
        return "none"
    # Basic is what a provider that says nothing supports.
    if isinstance(supported, list) and "client_secret_basic" not in supported:
        return "client_secret_post"
    return "client_secret_basic"

"""The ID token: who vouches for whom, to whom, when. OpenID Connect Core 3.1.3.7."""

from __future__ import annotations

import hmac
import json
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from joserfc import jwk, jws
from joserfc.errors import JoseError

from accounts.oidc import provider as providers
from accounts.oidc.provider import Provider
from accounts.oidc.refusals import TokenNotValid

# Only signatures that a public key checks. With HS256 among them, the provider's public key could
# be taken for a shared secret by which anybody signs.
KEY_TYPES = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
LEEWAY = timedelta(seconds=60)
LEAST_RSA_BITS = 2048


class _Registry(jws.JWSRegistry):
    def get_alg(self, name: str) -> Any:
        if name not in KEY_TYPES:
            raise TokenNotValid
        return self.algorithms[name]


# Header parameters of a provider's own are no reason to refuse; `crit` is still obeyed.
_registry = _Registry(strict_check_header=False)


def verify(
    token: str, provider: Provider, *, nonce: str, asked_at: datetime, at: datetime
) -> dict[str, Any]:
    """The claims of an ID token that answers the request with this nonce; raises OidcRefused."""
    claims = _open(token, provider)
    if claims.get("iss") != provider.issuer or not _is_for_us(claims):
        raise TokenNotValid
    expires_at, issued_at = number(claims, "exp"), number(claims, "iat")
    leeway, now = LEEWAY.total_seconds(), at.timestamp()
    if expires_at is None or expires_at <= now - leeway:
        raise TokenNotValid
    if issued_at is None or not asked_at.timestamp() - leeway <= issued_at <= now + leeway:
        raise TokenNotValid
    stated = claims.get("nonce")
    if not isinstance(stated, str) or not hmac.compare_digest(stated.encode(), nonce.encode()):
        raise TokenNotValid
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255 or "\0" in subject:
        raise TokenNotValid
    return claims


def number(claims: dict[str, Any], name: str) -> float | None:
    """A claim that is a time, or None."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # NaN and infinity compare in ways that let things pass.
    return float(value) if abs(value) < 1e12 else None


def words(claims: dict[str, Any], name: str) -> set[str]:
    """A claim that is a word or a list of words."""
    value = claims.get(name)
    values = value if isinstance(value, list) else [value]
    return {word for word in values if isinstance(word, str)}


def _is_for_us(claims: dict[str, Any]) -> bool:
    audience, party = claims.get("aud"), claims.get("azp")
    audiences = audience if isinstance(audience, list) else [audience]
    if settings.OIDC_CLIENT_ID not in audiences:
        return False
    if len(audiences) > 1 and party is None:
        return False
    return party in (None, settings.OIDC_CLIENT_ID)


def _open(token: str, provider: Provider) -> dict[str, Any]:
    try:
        signed = jws.extract_compact(token.encode())
        header = signed.headers()
        algorithm, key_id = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in KEY_TYPES:
            raise TokenNotValid
        key = _key(provider, algorithm, key_id)
        opened = jws.deserialize_compact(token, key, registry=_registry)
        claims = json.loads(opened.payload or b"")
    except (JoseError, ValueError, TypeError, RecursionError, UnicodeError):
        raise TokenNotValid from None
    if not isinstance(claims, dict):
        raise TokenNotValid
    return claims


def _key(provider: Provider, algorithm: str, key_id: object) -> jwk.Key:
    found = _matching(providers.keys(provider), algorithm, key_id)
    if not found:
        # The provider may have changed its keys since: one more look, not more.
        found = _matching(providers.keys(provider, anew=True), algorithm, key_id)
    # Without a key id, one key alone can be meant.
    if not found or (key_id is None and len(found) > 1):
        raise TokenNotValid
    return _import(found[0])


def _matching(keys: list[dict[str, Any]], algorithm: str, key_id: object) -> list[dict[str, Any]]:
    return [
        key
        for key in keys
        if key.get("kty") == KEY_TYPES[algorithm]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (key_id is None or key.get("kid") == key_id)
    ]


def _import(key: dict[str, Any]) -> jwk.Key:
    # Its other members (operations, certificates) say nothing that we rely on.
    names = ("kty", "n", "e", "crv", "x", "y")
    wanted: dict[str, str | list[str]] = {name: str(key[name]) for name in names if name in key}
    if key.get("kty") == "RSA" and len(str(key.get("n", ""))) * 6 < LEAST_RSA_BITS:
        raise TokenNotValid
    return jwk.import_key(wanted)

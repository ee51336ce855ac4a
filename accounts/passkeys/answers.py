"""Reading what a browser posts of an authenticator's answer, and refusing what is none."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from fido2.cose import CoseKey
from fido2.webauthn import AttestedCredentialData, CollectedClientData

from accounts.models import User
from keyslots import crypto

TRANSPORTS = frozenset({"usb", "nfc", "ble", "hybrid", "internal", "smart-card"})
LONGEST_ID = 1023  # bytes of a credential id (WebAuthn level 2, 4)


class PasskeyRefused(Exception):
    """The base of the refusals here; whoever signs in is told the same for all of them."""

    # Whose passkey it was, where that is known.
    owner: User | None = None


class Malformed(PasskeyRefused):
    """Not what a browser makes of an authenticator's answer."""


class NotAccepted(PasskeyRefused):
    """For another site, unknown, of somebody else, or with a signature that is wrong."""


class PrfResultPosted(PasskeyRefused):
    """A body carries a PRF result, which opens the vault key and must stay in the browser."""


def refuse_prf_result(answer: object) -> None:
    """Raise PrfResultPosted when results of the PRF extension stand anywhere in a body."""
    parts = [answer]
    while parts:
        part = parts.pop()
        if isinstance(part, Mapping):
            prf = part.get("prf")
            # The second is the name that the secret had before there was PRF.
            if (isinstance(prf, Mapping) and "results" in prf) or "hmacGetSecret" in part:
                raise PrfResultPosted
            parts.extend(part.values())
        elif isinstance(part, list):
            parts.extend(part)


@contextlib.contextmanager
def strictly(refusal: type[PasskeyRefused]) -> Iterator[None]:
    """The library's parsers raise whatever malformed input makes them raise: one refusal."""
    try:
        yield
    except PasskeyRefused:
        raise
    except Exception as error:
        raise refusal from error


def usable(credential: AttestedCredentialData | None) -> AttestedCredentialData:
    """A new credential whose signatures can be checked later on."""
    if credential is None or not 0 < len(credential.credential_id) <= LONGEST_ID:
        raise NotAccepted
    if credential.public_key.ALGORITHM not in CoseKey.supported_algorithms():
        raise NotAccepted
    # A key that is none says so at the first signature; better now than at the first sign-in.
    with contextlib.suppress(InvalidSignature):
        credential.public_key.verify(b"", b"")
    return credential


def shown_challenge(client_data: CollectedClientData) -> str:
    # A page inside another site's frame is not a page of ours that somebody looks at.
    if client_data.cross_origin:
        raise NotAccepted
    return crypto.encode_base64url(client_data.challenge)


def transports(answer: Any) -> list[str]:
    """How the authenticator says it is reached, as far as the standard has words for it."""
    posted = answer["response"].get("transports") or []
    return sorted(TRANSPORTS.intersection(map(str, posted)))


def is_discoverable(answer: Mapping[str, Any]) -> bool:
    outputs = answer.get("clientExtensionResults")
    properties = outputs.get("credProps") if isinstance(outputs, Mapping) else None
    return isinstance(properties, Mapping) and properties.get("rk") is True

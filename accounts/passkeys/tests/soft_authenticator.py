"""An authenticator in software: it makes real keys, real attestations and real signatures."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor
from fido2.cose import ES256

from keyslots.crypto import decode_base64url, encode_base64url

ORIGIN = "http://localhost:8000"
USER_PRESENT, USER_VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class SoftAuthenticator:
    counter: int = 0
    is_verified: bool = True
    origin: str = ORIGIN
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    handle: bytes = b""
    transports: tuple[str, ...] = ("internal", "nonsense")
    is_framed: bool = False

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer `navigator.credentials.create`, as the page's script posts it."""
        asked = options["publicKey"]
        self.handle = decode_base64url(asked["user"]["id"])
        public = cbor.encode(dict(ES256.from_cryptography_key(self.key.public_key())))
        attested = bytes(16) + len(self.credential_id).to_bytes(2) + self.credential_id + public
        shown = self._shown(asked["rp"]["id"], ATTESTED) + attested
        attestation = {"fmt": "none", "attStmt": {}, "authData": shown}
        client = self._client("webauthn.create", asked["challenge"])
        return self._answer(
            clientDataJSON=encode_base64url(client),
            attestationObject=encode_base64url(cbor.encode(attestation)),
            transports=list(self.transports),
        )

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer `navigator.credentials.get`."""
        asked = options["publicKey"]
        if self.counter:
            self.counter += 1
        shown = self._shown(asked["rpId"], 0)
        client = self._client("webauthn.get", asked["challenge"])
        signed = shown + hashlib.sha256(client).digest()
        return self._answer(
            clientDataJSON=encode_base64url(client),
            authenticatorData=encode_base64url(shown),
            signature=encode_base64url(self.key.sign(signed, ec.ECDSA(SHA256()))),
            userHandle=encode_base64url(self.handle),
        )

    def _shown(self, rp_id: str, flags: int) -> bytes:
        flags |= USER_PRESENT | (USER_VERIFIED if self.is_verified else 0)
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4)

    def _client(self, kind: str, challenge: str) -> bytes:
        content = {
            "type": kind,
            "challenge": challenge,
            "origin": self.origin,
            "crossOrigin": self.is_framed,
        }
        return json.dumps(content).encode()

    def _answer(self, **response: Any) -> dict[str, Any]:
        text = encode_base64url(self.credential_id)
        return {
            "id": text,
            "rawId": text,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        }

"""The shape of what browsers seal, checked and nothing more: see static/js/crypto/envelope.js.

There is no key here, and no function that opens what a browser sealed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from keyslots.crypto import (
    MalformedData,
    ParameterOutOfRange,
    UnsupportedVersion,
    decode_base64url,
    encode_base64url,
)

VERSION = 1
SALT_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
PADDED = frozenset({256, *(2**power for power in range(10, 17))})
MOST_REVISIONS = 2**31 - 1
CODEWORD_BYTES = 8
STEP = 64
MOST_CODEWORDS = 65_536
TRAPDOOR_BYTES = 32
_FIELDS = {"v", "vault_key_id", "salt", "nonce", "ciphertext", "revision"}


@dataclass(frozen=True, slots=True)
class SealedContent:
    vault_key_id: UUID
    revision: int
    salt: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    ciphertext: bytes = field(repr=False)

    def as_wire(self) -> dict[str, object]:
        return {
            "v": VERSION,
            "vault_key_id": str(self.vault_key_id),
            "salt": encode_base64url(self.salt),
            "nonce": encode_base64url(self.nonce),
            "ciphertext": encode_base64url(self.ciphertext),
            "revision": self.revision,
        }


def parse(posted: object) -> SealedContent:
    """Read a sealed note as a browser posts it; raises a KeyslotRefusal."""
    if not isinstance(posted, Mapping) or type(posted.get("v")) is not int:
        raise MalformedData("The sealed note carries no version.")
    if posted["v"] != VERSION:
        raise UnsupportedVersion("The sealed note has a version that is not supported here.")
    if posted.keys() != _FIELDS:
        raise MalformedData("A sealed note has exactly the fields of its version.")
    ciphertext = decode_base64url(posted["ciphertext"])
    if len(ciphertext) - TAG_BYTES not in PADDED:
        raise MalformedData("A sealed note has one of the padded lengths.")
    return SealedContent(
        vault_key_id=parse_id(posted["vault_key_id"]),
        revision=parse_revision(posted["revision"]),
        salt=decode_base64url(posted["salt"], length=SALT_BYTES),
        nonce=decode_base64url(posted["nonce"], length=NONCE_BYTES),
        ciphertext=ciphertext,
    )


def parse_codewords(posted: object) -> bytes:
    """Read an index: whole codewords, a multiple of 64, none of them twice; sorted from here on."""
    joined = decode_base64url(posted)
    count, rest = divmod(len(joined), CODEWORD_BYTES)
    if rest or count == 0 or count % STEP:
        raise MalformedData("An index has a multiple of 64 codewords.")
    if count > MOST_CODEWORDS:
        raise ParameterOutOfRange("The index has more codewords than it may.")
    words = {joined[at : at + CODEWORD_BYTES] for at in range(0, len(joined), CODEWORD_BYTES)}
    if len(words) != count:
        raise MalformedData("A codeword is there twice.")
    return b"".join(sorted(words))


def parse_trapdoor(posted: object) -> bytes:
    return decode_base64url(posted, length=TRAPDOOR_BYTES)


def parse_revision(posted: object) -> int:
    if type(posted) is not int:
        raise MalformedData("A revision is a whole number.")
    if not 1 <= posted <= MOST_REVISIONS:
        raise ParameterOutOfRange("The revision is out of range.")
    return posted


def parse_id(posted: object) -> UUID:
    # UUID() forgives braces, capitals and missing hyphens, and the additional data would not.
    try:
        parsed = UUID(posted) if isinstance(posted, str) else None
    except ValueError:
        parsed = None
    if parsed is None or str(parsed) != posted:
        raise MalformedData("An id is not a lower-case UUID with hyphens.")
    return parsed

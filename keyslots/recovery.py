"""The notes recovery key as it stands on paper. The layout is told in static/js/crypto/recovery.js.

The server only ever sees the proof. The rest is here so that both languages can be held to the
same vectors, and for tools that work beside a browser.
"""

from __future__ import annotations

import hashlib
import re

from keyslots import crypto

CHECK_BITS = 4
CHARACTERS = 52
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_WRITTEN = re.compile(r"[0-9A-HJKMNP-TV-Z]{52}")
_FORGIVEN = str.maketrans("OIL", "011")


class MistypedKey(crypto.MalformedData):
    """The check of a recovery key does not fit: there is a slip in it."""


def write(key: bytes) -> str:
    """13 groups of four characters."""
    bits = int.from_bytes(_whole(key)) << CHECK_BITS | _check(key)
    characters = [_ALPHABET[bits >> 5 * place & 31] for place in reversed(range(CHARACTERS))]
    return "-".join("".join(characters[start : start + 4]) for start in range(0, CHARACTERS, 4))


def read(text: str) -> bytes:
    """The key somebody typed; raises MalformedData, or MistypedKey for a slip."""
    plain = re.sub(r"[\s-]", "", text)
    if not plain.isascii():
        raise crypto.MalformedData("A recovery key is plain letters.")
    written = plain.upper().translate(_FORGIVEN)
    if not _WRITTEN.fullmatch(written):
        raise crypto.MalformedData("A recovery key has 52 characters.")
    bits = 0
    for character in written:
        bits = bits << 5 | _ALPHABET.index(character)
    key = (bits >> CHECK_BITS).to_bytes(crypto.KEY_BYTES)
    if _check(key) != bits & 15:
        raise MistypedKey("There is a slip in the recovery key.")
    return key


def derive_wrap_key(key: bytes) -> bytes:
    return crypto.derive_key(_whole(key), b"authnode/v1/recovery")


def derive_proof(key: bytes) -> bytes:
    """What shows the server that somebody has the key; it opens nothing."""
    return crypto.derive_key(_whole(key), b"authnode/v1/recovery-proof")


def _check(key: bytes) -> int:
    return hashlib.sha256(b"authnode/v1/recovery-check" + key).digest()[0] >> 4


def _whole(key: bytes) -> bytes:
    if len(key) != crypto.KEY_BYTES:
        raise crypto.MalformedData("A recovery key has 32 bytes.")
    return key

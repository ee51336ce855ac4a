"""One-time codes: HOTP (RFC 4226), TOTP (RFC 6238), Steam Guard, and Base32 secrets.

Secrets are bytes, moments are whole seconds since 1970 (UTC), periods are seconds,
counters name the code to make (the caller moves them on). Nothing here reads the clock.
`hmac.digest` is used directly because the list of codes is drawn by the hundred.
"""

from __future__ import annotations

import base64
import hmac

ALGORITHMS = {"SHA1": "sha1", "SHA256": "sha256", "SHA512": "sha512"}
MIN_DIGITS = 1
MAX_DIGITS = 10
MAX_PERIOD = 2_147_483
STEAM_DIGITS = 5

_STEAM_ALPHABET = "23456789BCDFGHJKMNPQRTVWXY"
_BASE32_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
_IMPOSSIBLE_LENGTHS = frozenset({1, 3, 6})


class BadBase32(ValueError):
    """The text is not a Base32 secret. The message never repeats the text."""


def hotp(secret: bytes, counter: int, *, algorithm: str = "SHA1", digits: int = 6) -> str:
    """Code for one counter value, as in RFC 4226 section 5.3; SHA-2 as in RFC 6238."""
    if not MIN_DIGITS <= digits <= MAX_DIGITS:
        raise ValueError("A code has 1 to 10 digits.")
    number = _truncated(secret, counter, algorithm)
    return str(number % 10**digits).zfill(digits)


def totp(
    secret: bytes, seconds: int, *, period: int = 30, algorithm: str = "SHA1", digits: int = 6
) -> str:
    """Code shown at `seconds` since 1970, as in RFC 6238 section 4.2 with T0 = 0."""
    return hotp(secret, _step(seconds, period), algorithm=algorithm, digits=digits)


def steam(secret: bytes, seconds: int, *, period: int = 30) -> str:
    """Steam Guard code: the number of RFC 4226 in five letters, least significant first."""
    number = _truncated(secret, _step(seconds, period), "SHA1")
    letters = []
    for _ in range(STEAM_DIGITS):
        number, letter = divmod(number, len(_STEAM_ALPHABET))
        letters.append(_STEAM_ALPHABET[letter])
    return "".join(letters)


def decode_base32(text: str) -> bytes:
    """Bytes of a Base32 secret (RFC 4648 section 6) as people and apps write it.

    White space, dashes, padding and letter case do not matter. The digits 0, 1, 8 and 9
    are refused rather than guessed; unused bits at the end may be set, as in real files.
    """
    letters = "".join(text.split()).replace("-", "").replace("=", "")
    # upper() would turn some foreign letters, such as a dotless i, into ASCII ones.
    if not letters.isascii() or not _BASE32_ALPHABET.issuperset(letters.upper()):
        raise BadBase32("A secret holds only the letters A to Z and the digits 2 to 7.")
    if not letters:
        raise BadBase32("The secret is empty.")
    if len(letters) % 8 in _IMPOSSIBLE_LENGTHS:
        raise BadBase32("The secret is cut short: no Base32 text has this length.")
    return base64.b32decode(letters.upper() + "=" * (-len(letters) % 8))


def encode_base32(secret: bytes) -> str:
    """Base32 in capitals without padding, as otpauth URIs want it."""
    return base64.b32encode(secret).decode("ascii").rstrip("=")


def _step(seconds: int, period: int) -> int:
    if not 1 <= period <= MAX_PERIOD:
        raise ValueError("A period has 1 to 2147483 seconds.")
    return seconds // period


def _truncated(secret: bytes, counter: int, algorithm: str) -> int:
    if not 0 <= counter < 1 << 64:
        raise ValueError("A counter is a number from 0 that fits into eight bytes.")
    name = ALGORITHMS.get(algorithm)
    if name is None:
        raise ValueError("The algorithm is SHA1, SHA256 or SHA512.")
    digest = hmac.digest(secret, counter.to_bytes(8, "big"), name)
    offset = digest[-1] & 0x0F
    return int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF

"""Keys from passwords, within bounds: a file that is read chooses what opening it costs.

Without them one small file could keep the machine busy, or its memory full, for hours.
"""

from __future__ import annotations

import hashlib

from vault.formats.refusals import Damaged, TooExpensive

MAX_PBKDF2_ITERATIONS = 10_000_000
MAX_SCRYPT_BYTES = 128 * 1024 * 1024
MAX_SCRYPT_LANES = 4


def pbkdf2(
    password: str, salt: bytes, iterations: int, *, algorithm: str, length: int = 32
) -> bytes:
    """PBKDF2 with HMAC; raises TooExpensive above ten million iterations."""
    if iterations > MAX_PBKDF2_ITERATIONS:
        raise TooExpensive
    if iterations < 1:
        raise Damaged
    return hashlib.pbkdf2_hmac(algorithm, _bytes(password), salt, iterations, length)


def scrypt(password: str, salt: bytes, *, n: int, r: int, p: int, length: int = 32) -> bytes:
    """scrypt; raises TooExpensive above 128 MiB or four lanes."""
    if min(n, r, p) < 1 or n < 2 or n & (n - 1):
        raise Damaged
    memory = 128 * n * r
    if memory > MAX_SCRYPT_BYTES or p > MAX_SCRYPT_LANES:
        raise TooExpensive
    # What OpenSSL counts against maxmem is a little more than the table alone.
    ceiling = memory + 128 * r * (p + 2) + 1024 * 1024
    try:
        return hashlib.scrypt(
            _bytes(password), salt=salt, n=n, r=r, p=p, dklen=length, maxmem=ceiling
        )
    except ValueError:
        # Costs that scrypt itself does not know, such as n beyond what r allows.
        raise Damaged from None


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")

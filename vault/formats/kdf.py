"""Keys from passwords, within bounds: a file that is read chooses what opening it costs.

Without them one small file could keep the machine busy, or its memory full, for hours.
"""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from vault.formats.refusals import Damaged, TooExpensive, TooMuchMemory

MAX_PBKDF2_ITERATIONS = 10_000_000
MAX_SCRYPT_BYTES = 128 * 1024 * 1024
MAX_SCRYPT_LANES = 4
MAX_ARGON2_BYTES = 1024**3
# Memory times passes: real files trade the one for the other and come up to this.
MAX_ARGON2_WORK = 4 * 1024**3
MAX_ARGON2_LANES = 16

# What one derivation may fill with its table here; the process that reads files lowers it.
memory_ceiling = MAX_ARGON2_BYTES


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


def argon2id(
    password: str, salt: bytes, *, passes: int, memory_kib: int, lanes: int, length: int = 32
) -> bytes:
    """Argon2id, version 1.3; raises TooExpensive above 1 GiB, or 4 GiB over all passes."""
    if passes < 1 or lanes < 1 or memory_kib < 8 * lanes or len(salt) < 8:
        raise Damaged
    memory = memory_kib * 1024
    is_too_much = memory > MAX_ARGON2_BYTES or memory * passes > MAX_ARGON2_WORK
    if is_too_much or lanes > MAX_ARGON2_LANES:
        raise TooExpensive
    if memory > memory_ceiling:
        raise TooMuchMemory
    try:
        return Argon2id(
            salt=salt, length=length, iterations=passes, lanes=lanes, memory_cost=memory_kib
        ).derive(_bytes(password))
    except MemoryError:
        raise TooMuchMemory from None


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")

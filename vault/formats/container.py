"""A password-sealed file around any export: Fernet tokens under a random key, one a chunk.

    line 1   AUTHNODE-EXPORT-1
    line 2   the header, JSON: how the password becomes a key, and the random key wrapped with it
    lines 3… one Fernet token each

A token's plaintext is the number of its chunk (4 bytes), 1 for the last chunk or 0 (1 byte), the
SHA-256 of line 2 (32 bytes, in the first chunk only), then the content. So a chunk that is
missing, moved, repeated or cut off is noticed, and a header that was changed too.

The layout stands in docs/formats.md; tools/open_export.py opens it with `cryptography` alone.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from vault.formats import kdf
from vault.formats.reading import MAX_BYTES
from vault.formats.refusals import Damaged, PasswordNeeded, TooLarge, WrongPassword

name = "container"

MAGIC = b"AUTHNODE-EXPORT-1"
CHUNK_BYTES = 64 * 1024
SCRYPT, PBKDF2 = "scrypt", "pbkdf2-sha256"
SCRYPT_N, SCRYPT_R, SCRYPT_P = 1 << 16, 8, 1
PBKDF2_ITERATIONS = 1_000_000

_SALT_BYTES, _KEY_BYTES, _MAX_HEADER_BYTES = 16, 32, 4096
_NUMBER_BYTES, _DIGEST_BYTES = 4, 32
# Base64 of Fernet, and the lines around.
_MAX_SEALED_BYTES = MAX_BYTES * 3 // 2


@dataclass(frozen=True, slots=True)
class Sealing:
    """The random key of one file, and the header that wraps it for the password."""

    key: bytes = field(repr=False)
    header: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """What lay in the container; `media_type` and `extension` are what its header says of it."""

    content: bytes = field(repr=False)
    media_type: str
    extension: str


def recognises(data: bytes) -> bool:
    return data.startswith(MAGIC + b"\n")


def make_sealing(
    password: str,
    *,
    media_type: str = "application/octet-stream",
    extension: str = "bin",
    derivation: str = SCRYPT,
) -> Sealing:
    """A fresh key, wrapped for a password by scrypt or PBKDF2."""
    salt, key = secrets.token_bytes(_SALT_BYTES), Fernet.generate_key()
    costs: dict[str, Any] = {"kdf": derivation, "salt": base64.b64encode(salt).decode()}
    if derivation == PBKDF2:
        costs["iterations"] = PBKDF2_ITERATIONS
    else:
        costs |= {"n": SCRYPT_N, "r": SCRYPT_R, "p": SCRYPT_P}
    wrapped = _password_fernet(password, costs).encrypt(key).decode()
    header = {**costs, "key": wrapped, "media_type": media_type, "extension": extension}
    return Sealing(key, json.dumps(header).encode())


def write(pieces: Iterable[bytes], sealing: Sealing) -> Iterator[bytes]:
    """The sealed file, chunk by chunk; holds no more than two chunks at a time."""
    yield MAGIC + b"\n" + sealing.header + b"\n"
    fernet = Fernet(sealing.key)
    digest = hashlib.sha256(sealing.header).digest()
    for number, (chunk, is_last) in enumerate(_chunks(pieces)):
        start = number.to_bytes(_NUMBER_BYTES) + bytes([is_last]) + (b"" if number else digest)
        yield fernet.encrypt(start + chunk) + b"\n"


def open_all(data: bytes, *, password: str | None = None) -> Opened:
    """The content of a container; raises PasswordNeeded, WrongPassword, TooExpensive or Damaged."""
    if len(data) > _MAX_SEALED_BYTES:
        raise TooLarge
    if not recognises(data):
        raise Damaged
    if password is None:
        raise PasswordNeeded
    lines = data.split(b"\n")
    header = _read_header(lines[1])
    key = _unwrap(header, password)
    content = b"".join(_open_chunks(lines[2:], key, hashlib.sha256(lines[1]).digest()))
    return Opened(content, str(header.get("media_type", "")), str(header.get("extension", "")))


def _chunks(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Chunks of one size, the last one marked; there is always one."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) > CHUNK_BYTES:
            yield bytes(held[:CHUNK_BYTES]), False
            del held[:CHUNK_BYTES]
    yield bytes(held), True


def _open_chunks(lines: list[bytes], key: bytes, digest: bytes) -> Iterator[bytes]:
    fernet = _fernet(key)
    tokens = [line for line in lines if line.strip()]
    if not tokens:
        raise Damaged
    for number, token in enumerate(tokens):
        try:
            plain = fernet.decrypt(token.strip())
        except InvalidToken:
            raise Damaged from None
        start = number.to_bytes(_NUMBER_BYTES) + bytes([number == len(tokens) - 1])
        start += b"" if number else digest
        if not plain.startswith(start):
            raise Damaged
        yield plain[len(start) :]


def _read_header(line: bytes) -> dict[str, Any]:
    if len(line) > _MAX_HEADER_BYTES:
        raise Damaged
    try:
        header = json.loads(line)
    except (ValueError, RecursionError):
        raise Damaged from None
    if not isinstance(header, dict) or not isinstance(header.get("key"), str):
        raise Damaged
    return header


def _unwrap(header: dict[str, Any], password: str) -> bytes:
    try:
        return _password_fernet(password, header).decrypt(header["key"].encode("ascii"))
    except UnicodeEncodeError:
        raise Damaged from None
    except InvalidToken:
        raise WrongPassword from None


def _password_fernet(password: str, costs: dict[str, Any]) -> Fernet:
    salt = _salt(costs.get("salt"))
    if costs.get("kdf") == PBKDF2:
        iterations = _cost(costs, "iterations")
        key = kdf.pbkdf2(password, salt, iterations, algorithm="sha256", length=_KEY_BYTES)
    elif costs.get("kdf") == SCRYPT:
        n, r, p = (_cost(costs, cost) for cost in ("n", "r", "p"))
        key = kdf.scrypt(password, salt, n=n, r=r, p=p, length=_KEY_BYTES)
    else:
        raise Damaged
    return Fernet(base64.urlsafe_b64encode(key))


def _salt(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, binascii.Error, ValueError):
        raise Damaged from None


def _cost(costs: dict[str, Any], name: str) -> int:
    cost = costs.get(name)
    if not isinstance(cost, int) or isinstance(cost, bool):
        raise Damaged
    return cost


def _fernet(key: bytes) -> Fernet:
    try:
        return Fernet(key)
    except (ValueError, binascii.Error):
        raise Damaged from None

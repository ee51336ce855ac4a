"""Who can open a backup: its data key, wrapped once for each recipient.

A recipient is either one of the site's backup keys (symmetric, lines of `BACKUP_KEY`) or an
operator's public key (X25519): then the server can write backups and not read them. No Django.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidKey
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_LINE = re.compile(r"(?P<id>[a-z][0-9]{1,6}):(?P<key>[A-Za-z0-9_-]{43})=?")
PUBLIC_PREFIX = "x25519:"
PRIVATE_PREFIX = "x25519-private:"
WRAP_LABEL = b"authnode/backup/v1/wrap|"
FINGERPRINT_LABEL = b"authnode/backup/v1/fingerprint|"


class BadKey(Exception):
    """A line that should be a key is none."""


class NoKeyFits(Exception):
    """None of the given keys opens this backup."""

    def __init__(self, needed: str) -> None:
        super().__init__(f"None of the given keys opens this backup. It needs {needed}.")


@dataclass(frozen=True)
class BackupKey:
    """One of the site's own keys."""

    id: str
    key: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.key)


def fingerprint(key: bytes) -> str:
    """A short name of a key that tells nothing about it."""
    return hashlib.sha256(FINGERPRINT_LABEL + key).hexdigest()[:16]


def parse_keys(text: str) -> list[BackupKey]:
    """Read the lines of `BACKUP_KEY`; raises BadKey with the line's number."""
    keys: list[BackupKey] = []
    for number, line in enumerate(text.split(), start=1):
        match = KEY_LINE.fullmatch(line)
        if match is None or any(key.id == match["id"] for key in keys):
            raise BadKey(
                f"Line {number} of BACKUP_KEY is not a key of its own: expected “b1:” and 32 bytes"
                " as base64url, each key id once."
            )
        keys.append(BackupKey(match["id"], base64.urlsafe_b64decode(match["key"] + "=")))
    return keys


def parse_public_key(text: str) -> X25519PublicKey:
    """Read `x25519:<32 bytes as base64url>`; raises BadKey."""
    raw = _raw(text, PUBLIC_PREFIX)
    return X25519PublicKey.from_public_bytes(raw)


def parse_private_key(text: str) -> X25519PrivateKey:
    """Read `x25519-private:<32 bytes as base64url>`; raises BadKey."""
    return X25519PrivateKey.from_private_bytes(_raw(text.strip(), PRIVATE_PREFIX))


def new_pair() -> tuple[str, str]:
    """A new private key and its public key, as the text people keep."""
    private = X25519PrivateKey.generate()
    return (
        PRIVATE_PREFIX + encode(private.private_bytes_raw()),
        PUBLIC_PREFIX + encode(private.public_key().public_bytes_raw()),
    )


def wrap_for_key(key: BackupKey, data_key: bytes, backup_id: str) -> dict[str, str]:
    """The data key for a holder of one of the site's backup keys."""
    wrapped = _fernet(key.key, b"", backup_id).encrypt(data_key).decode()
    return {"kind": "key", "id": key.id, "fingerprint": key.fingerprint, "wrapped": wrapped}


def wrap_for_public_key(
    public_key: X25519PublicKey, data_key: bytes, backup_id: str
) -> dict[str, str]:
    """The data key for the holder of the private key."""
    ephemeral = X25519PrivateKey.generate()
    ours, theirs = ephemeral.public_key().public_bytes_raw(), public_key.public_bytes_raw()
    shared = ephemeral.exchange(public_key)
    wrapped = _fernet(shared, ours + theirs, backup_id).encrypt(data_key).decode()
    return {
        "kind": "x25519",
        "fingerprint": fingerprint(theirs),
        "ephemeral": encode(ours),
        "wrapped": wrapped,
    }


def unwrap(
    wraps: Sequence[Mapping[str, str]],
    backup_id: str,
    *,
    keys: Sequence[BackupKey] = (),
    private_key: X25519PrivateKey | None = None,
) -> bytes:
    """The data key, by whichever of the given keys fits; raises NoKeyFits."""
    for wrap in wraps:
        opened = None
        if wrap["kind"] == "key":
            fitting = [key for key in keys if key.fingerprint == wrap["fingerprint"]]
            opened = _open(fitting[0].key, b"", backup_id, wrap) if fitting else None
        elif private_key is not None:
            opened = _open_with_private(private_key, backup_id, wrap)
        if opened is not None:
            return opened
    raise NoKeyFits(describe(wraps))


def describe(wraps: Sequence[Mapping[str, str]]) -> str:
    """Which keys a backup is wrapped for, in words."""
    words = [
        f"the backup key {wrap['id']} ({wrap['fingerprint']})"
        if wrap["kind"] == "key"
        else f"the private key of {wrap['fingerprint']}"
        for wrap in wraps
    ]
    return " or ".join(words)


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _open_with_private(
    private_key: X25519PrivateKey, backup_id: str, wrap: Mapping[str, str]
) -> bytes | None:
    theirs = private_key.public_key().public_bytes_raw()
    if fingerprint(theirs) != wrap["fingerprint"]:
        return None
    try:
        ephemeral = _decode(wrap["ephemeral"])
        shared = private_key.exchange(X25519PublicKey.from_public_bytes(ephemeral))
    except (BadKey, ValueError, InvalidKey):
        return None
    return _open(shared, ephemeral + theirs, backup_id, wrap)


def _open(key: bytes, salt: bytes, backup_id: str, wrap: Mapping[str, str]) -> bytes | None:
    try:
        return _fernet(key, salt, backup_id).decrypt(wrap["wrapped"])
    except InvalidToken:
        return None


def _fernet(key: bytes, salt: bytes, backup_id: str) -> Fernet:
    info = WRAP_LABEL + backup_id.encode()
    derived = HKDF(algorithm=SHA256(), length=32, salt=salt or None, info=info).derive(key)
    return Fernet(base64.urlsafe_b64encode(derived))


def _raw(text: str, prefix: str) -> bytes:
    if not text.startswith(prefix):
        raise BadKey(f"This is not a key: it does not begin with “{prefix}”.")
    return _decode(text.removeprefix(prefix).rstrip("="))


def _decode(text: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(text + "=")
    except (binascii.Error, ValueError):
        raise BadKey("This key is damaged.") from None
    if len(raw) != 32 or encode(raw) != text:
        raise BadKey("This key is damaged: 32 bytes as base64url are expected.")
    return raw

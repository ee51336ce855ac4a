"""What the browser computes, said once more in Python.

The server uses it to check the shape of what a browser posts, and to derive the auth secret where
a password is typed on the server's own console. It cannot open a slot: the wrap key never reaches
it. ``unwrap_vault_key`` exists so that both languages can be held to the same vectors.

master      = PBKDF2-HMAC-SHA-256(NFKC(password) as UTF-8, salt, iterations, 32 bytes)
auth secret = HKDF-SHA-256(master, salt "", info "authnode/v1/auth", 32 bytes)
wrap key    = HKDF-SHA-256(master, salt "", info "authnode/v1/wrap", 32 bytes)
slot        = AES-256-GCM(wrap key, nonce, vault key, additional data =
              "authnode/v1/slot|" user id "|" vault key id "|" kind "|" slot id
              and, after another "|", the iterations (password) or the newer key's id (older))

The other kinds have wrap keys of their own, HKDF-SHA-256 with an empty salt of the result of a
passkey's PRF extension (info "authnode/v1/prf-wrap"), of a notes recovery key (info
"authnode/v1/recovery") and of the vault key that came later (info "authnode/v1/older").
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = 1
PASSWORD = "password"
PASSKEY = "passkey"
RECOVERY = "recovery"
OLDER = "older"
SALT_BYTES = 16
NONCE_BYTES = 12
KEY_BYTES = 32
CIPHERTEXT_BYTES = 48
MIN_ITERATIONS = 600_000
MAX_ITERATIONS = 10_000_000
DEFAULT_ITERATIONS = 600_000

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")
_SLOT_FIELDS = frozenset({"v", "kind", "slot_id", "vault_key_id", "nonce", "ciphertext"})
_MORE_FIELDS: Mapping[str, frozenset[str]] = {
    PASSWORD: frozenset({"iterations", "salt"}),
    PASSKEY: frozenset(),
    RECOVERY: frozenset(),
    OLDER: frozenset({"newer_key_id"}),
}


class KeyslotRefusal(ValueError):
    """The base of every refusal here."""


class UnsupportedVersion(KeyslotRefusal):
    """The structure has a version that this release does not know."""


class MalformedData(KeyslotRefusal):
    """The structure does not have the shape of its version."""


class ParameterOutOfRange(KeyslotRefusal):
    """A parameter is outside the bounds that are safe to use."""


class WrongKey(KeyslotRefusal):
    """The seal does not open: another key, altered bytes, or a slot out of its place."""


@dataclass(frozen=True, slots=True)
class Derived:
    auth_secret: bytes = field(repr=False)
    wrap_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PasswordSlot:
    slot_id: UUID
    vault_key_id: UUID
    iterations: int
    salt: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    ciphertext: bytes = field(repr=False)

    @property
    def kind(self) -> str:
        return PASSWORD

    @property
    def bound(self) -> tuple[object, ...]:
        return (self.iterations,)

    def as_wire(self) -> dict[str, str | int]:
        more: dict[str, str | int] = {
            "iterations": self.iterations,
            "salt": encode_base64url(self.salt),
        }
        return _wire(self) | more


@dataclass(frozen=True, slots=True)
class KeySlot:
    """A slot of any other kind; an older key's names the newer key that wraps it."""

    kind: str
    slot_id: UUID
    vault_key_id: UUID
    nonce: bytes = field(repr=False)
    ciphertext: bytes = field(repr=False)
    newer_key_id: UUID | None = None

    @property
    def bound(self) -> tuple[object, ...]:
        return () if self.newer_key_id is None else (self.newer_key_id,)

    def as_wire(self) -> dict[str, str | int]:
        if self.newer_key_id is None:
            return _wire(self)
        return _wire(self) | {"newer_key_id": str(self.newer_key_id)}


AnySlot = PasswordSlot | KeySlot


def derive(password: str, salt: bytes, iterations: int) -> Derived:
    """Split a password into the auth secret and the wrap key."""
    _check_length("salt", salt, SALT_BYTES)
    check_iterations(iterations)
    typed = _utf8(unicodedata.normalize("NFKC", password))
    master = hashlib.pbkdf2_hmac("sha256", typed, salt, iterations, KEY_BYTES)
    return Derived(
        auth_secret=derive_key(master, b"authnode/v1/auth"),
        wrap_key=derive_key(master, b"authnode/v1/wrap"),
    )


def wrap_vault_key(
    vault_key: bytes,
    *,
    wrap_key: bytes,
    user_id: UUID,
    vault_key_id: UUID,
    slot_id: UUID,
    iterations: int,
    salt: bytes,
) -> PasswordSlot:
    """Close a vault key under a password's wrap key, for one user and one slot."""
    _check_length("salt", salt, SALT_BYTES)
    check_iterations(iterations)
    aad = slot_aad(
        user_id=user_id, vault_key_id=vault_key_id, slot_id=slot_id, iterations=iterations
    )
    nonce, ciphertext = _close(vault_key, wrap_key, aad)
    return PasswordSlot(slot_id, vault_key_id, iterations, salt, nonce, ciphertext)


def wrap_for(
    kind: str,
    vault_key: bytes,
    *,
    wrap_key: bytes,
    user_id: UUID,
    vault_key_id: UUID,
    slot_id: UUID,
    newer_key_id: UUID | None = None,
) -> KeySlot:
    """Close a vault key under a wrap key of any kind but a password's."""
    if kind not in {PASSKEY, RECOVERY, OLDER} or (kind == OLDER) != (newer_key_id is not None):
        raise MalformedData("The slot does not have what its kind needs.")
    bound = () if newer_key_id is None else (newer_key_id,)
    aad = _aad(user_id, vault_key_id, kind, slot_id, *bound)
    nonce, ciphertext = _close(vault_key, wrap_key, aad)
    return KeySlot(kind, slot_id, vault_key_id, nonce, ciphertext, newer_key_id)


def unwrap_vault_key(slot: AnySlot, *, wrap_key: bytes, user_id: UUID) -> bytes:
    """Open a slot; raises ``WrongKey`` when the seal does not fit."""
    _check_length("wrap key", wrap_key, KEY_BYTES)
    aad = _aad(user_id, slot.vault_key_id, slot.kind, slot.slot_id, *slot.bound)
    try:
        return AESGCM(wrap_key).decrypt(slot.nonce, slot.ciphertext, aad)
    except InvalidTag as error:
        raise WrongKey("The key does not open this slot.") from error


def slot_aad(*, user_id: UUID, vault_key_id: UUID, slot_id: UUID, iterations: int) -> bytes:
    """What the seal of a password slot binds."""
    return _aad(user_id, vault_key_id, PASSWORD, slot_id, iterations)


def derive_wrap_key_from_prf(result: bytes) -> bytes:
    _check_length("result of the PRF extension", result, KEY_BYTES)
    return derive_key(result, b"authnode/v1/prf-wrap")


def derive_older_wrap_key(vault_key: bytes) -> bytes:
    """What wraps the vault key that came before this one."""
    _check_length("vault key", vault_key, KEY_BYTES)
    return derive_key(vault_key, b"authnode/v1/older")


def derive_key(key: bytes, label: bytes) -> bytes:
    """HKDF-SHA-256 with an empty salt and 32 bytes of output."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=label).derive(key)


def parse_slot(posted: object) -> AnySlot:
    """Read a slot as a browser posts it, refusing everything that it would not write."""
    slot = _structure(posted)
    kind = slot.get("kind")
    if not isinstance(kind, str) or kind not in _MORE_FIELDS:
        raise MalformedData("There is no such kind of key slot.")
    if slot.keys() != _SLOT_FIELDS | _MORE_FIELDS[kind]:
        raise MalformedData("A key slot has exactly the fields of its version.")
    return _parse_password_slot(slot) if kind == PASSWORD else _parse_other_slot(kind, slot)


def parse_password_slot(posted: object) -> PasswordSlot:
    slot = parse_slot(posted)
    if not isinstance(slot, PasswordSlot):
        raise MalformedData("A password key slot is of the kind “password”.")
    return slot


def parse_verifier(posted: object) -> bytes:
    """Read the proof of a recovery key, 43 characters."""
    return decode_base64url(posted, length=KEY_BYTES)


def parse_parameters(answer: object) -> tuple[bytes, int]:
    """Read {v, salt, iterations}, which says how a password is to be derived."""
    structure = _structure(answer)
    iterations = check_iterations(structure.get("iterations"))
    return decode_base64url(structure.get("salt"), length=SALT_BYTES), iterations


def parse_auth_secret(posted: object) -> bytes:
    """Read the 43 characters that a form posts in place of a password."""
    return decode_base64url(posted, length=KEY_BYTES)


def check_iterations(iterations: object) -> int:
    if type(iterations) is not int:
        raise MalformedData("The number of iterations is not a whole number.")
    if not MIN_ITERATIONS <= iterations <= MAX_ITERATIONS:
        raise ParameterOutOfRange(
            f"The number of iterations is not between {MIN_ITERATIONS} and {MAX_ITERATIONS}."
        )
    return iterations


def encode_base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decode_base64url(text: object, *, length: int | None = None) -> bytes:
    """Decode strictly: no padding, no other alphabet, no stray bits, the expected length."""
    if not isinstance(text, str) or not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
        raise MalformedData("The text is not base64url without padding.")
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode_base64url(raw) != text:
        raise MalformedData("The text is not base64url without padding.")
    if length is not None:
        _check_length("text", raw, length)
    return raw


def _parse_password_slot(slot: Mapping[object, object]) -> PasswordSlot:
    return PasswordSlot(
        slot_id=_parse_id(slot["slot_id"]),
        vault_key_id=_parse_id(slot["vault_key_id"]),
        iterations=check_iterations(slot["iterations"]),
        salt=decode_base64url(slot["salt"], length=SALT_BYTES),
        nonce=decode_base64url(slot["nonce"], length=NONCE_BYTES),
        ciphertext=decode_base64url(slot["ciphertext"], length=CIPHERTEXT_BYTES),
    )


def _parse_other_slot(kind: str, slot: Mapping[object, object]) -> KeySlot:
    vault_key_id = _parse_id(slot["vault_key_id"])
    newer_key_id = _parse_id(slot["newer_key_id"]) if kind == OLDER else None
    if newer_key_id == vault_key_id:
        raise MalformedData("A vault key cannot wrap itself.")
    return KeySlot(
        kind=kind,
        slot_id=_parse_id(slot["slot_id"]),
        vault_key_id=vault_key_id,
        nonce=decode_base64url(slot["nonce"], length=NONCE_BYTES),
        ciphertext=decode_base64url(slot["ciphertext"], length=CIPHERTEXT_BYTES),
        newer_key_id=newer_key_id,
    )


def _wire(slot: AnySlot) -> dict[str, str | int]:
    return {
        "v": VERSION,
        "kind": slot.kind,
        "slot_id": str(slot.slot_id),
        "vault_key_id": str(slot.vault_key_id),
        "nonce": encode_base64url(slot.nonce),
        "ciphertext": encode_base64url(slot.ciphertext),
    }


def _aad(*parts: object) -> bytes:
    return "|".join(map(str, ("authnode/v1/slot", *parts))).encode("ascii")


def _close(vault_key: bytes, wrap_key: bytes, aad: bytes) -> tuple[bytes, bytes]:
    _check_length("vault key", vault_key, KEY_BYTES)
    _check_length("wrap key", wrap_key, KEY_BYTES)
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce, AESGCM(wrap_key).encrypt(nonce, vault_key, aad)


def _structure(posted: object) -> Mapping[object, object]:
    # The version comes first: what another version looks like is not for this code to judge.
    if not isinstance(posted, Mapping) or type(posted.get("v")) is not int:
        raise MalformedData("The structure carries no version.")
    if posted["v"] != VERSION:
        raise UnsupportedVersion("The structure has a version that is not supported here.")
    return posted


def _parse_id(text: object) -> UUID:
    # UUID() forgives braces, capitals and missing hyphens, and the additional data would not.
    try:
        parsed = UUID(text) if isinstance(text, str) else None
    except ValueError:
        parsed = None
    if parsed is None or str(parsed) != text:
        raise MalformedData("An id is not a lower-case UUID with hyphens.")
    return parsed


def _check_length(name: str, raw: bytes, length: int) -> None:
    if len(raw) != length:
        raise MalformedData(f"The {name} has {len(raw)} bytes instead of {length}.")


def _utf8(text: str) -> bytes:
    # Asked beforehand, because a UnicodeEncodeError would carry the password into a report.
    if _SURROGATE.search(text):
        raise MalformedData("The text has half a character in it.")
    return text.encode("utf-8")

"""What a browser does with notes, said once more in Python: static/js/crypto/{record,index}.js.

It is here, among the tests, and not in the app: the server has no use for it.
"""

from __future__ import annotations

import hmac
import json
import math
import secrets
import unicodedata
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keyslots import crypto
from notes.envelope import SealedContent

PREFIX = 4
NOTE, DRAFT = "note", "draft"


def content_key(vault_key: bytes) -> bytes:
    return crypto.derive_key(vault_key, b"authnode/v1/content")


def index_key(vault_key: bytes) -> bytes:
    return crypto.derive_key(vault_key, b"authnode/v1/index")


def record_key(content: bytes, salt: bytes) -> bytes:
    info = b"authnode/v1/record"
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(content)


def padded_length(length: int) -> int:
    if length + PREFIX <= 256:
        return 256
    return max(1024, 2 ** math.ceil(math.log2(length + PREFIX)))


def pad(plain: bytes) -> bytes:
    return (len(plain).to_bytes(PREFIX) + plain).ljust(padded_length(len(plain)), b"\0")


def unpad(padded: bytes) -> bytes:
    length = int.from_bytes(padded[:PREFIX])
    plain = padded[PREFIX : PREFIX + length]
    if pad(plain) != padded:
        raise crypto.MalformedData("padding")
    return plain


def aad(*, what: str, user: object, key: object, entry: object, revision: int) -> bytes:
    return f"authnode/v1/{what}|{user}|{key}|{entry}|{revision}".encode("ascii")


def encode(plain: Mapping[str, Any]) -> bytes:
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()


def plain_of(note: str = "", fields: Iterable[Any] = (), codes: Iterable[Any] = ()) -> Any:
    return {"v": 1, "note": note, "fields": list(fields), "codes": list(codes)}


def seal(
    vault_key: bytes,
    plain: Mapping[str, Any],
    *,
    user: uuid.UUID,
    key: uuid.UUID,
    entry: uuid.UUID,
    revision: int = 1,
    what: str = NOTE,
    salt: bytes | None = None,
    nonce: bytes | None = None,
) -> SealedContent:
    salt, nonce = salt or secrets.token_bytes(32), nonce or secrets.token_bytes(12)
    place = aad(what=what, user=user, key=key, entry=entry, revision=revision)
    aes = AESGCM(record_key(content_key(vault_key), salt))
    return SealedContent(key, revision, salt, nonce, aes.encrypt(nonce, pad(encode(plain)), place))


def unseal(
    vault_key: bytes,
    sealed: SealedContent,
    *,
    user: uuid.UUID,
    entry: uuid.UUID,
    what: str = NOTE,
) -> Any:
    place = aad(
        what=what, user=user, key=sealed.vault_key_id, entry=entry, revision=sealed.revision
    )
    aes = AESGCM(record_key(content_key(vault_key), sealed.salt))
    try:
        padded = aes.decrypt(sealed.nonce, sealed.ciphertext, place)
    except InvalidTag as error:
        raise crypto.WrongKey("note") from error
    return json.loads(unpad(padded))


def fold(text: str) -> str:
    upper = unicodedata.normalize("NFKC", text).upper()
    return unicodedata.normalize("NFKC", upper.lower()).replace(
        "\N{GREEK SMALL LETTER FINAL SIGMA}", "\N{GREEK SMALL LETTER SIGMA}"
    )


def words_of(text: str) -> list[str]:
    def is_inside(character: str) -> bool:
        category = unicodedata.category(character)
        return category[0] in "LM" or category == "Nd"

    return "".join(char if is_inside(char) else " " for char in fold(text)).split()


def terms_of(plain: Mapping[str, Any]) -> set[str]:
    shown = [row["value"] for row in plain["fields"] if row["kind"] != "hidden"]
    texts = [plain["note"], *(row["name"] for row in plain["fields"]), *shown]
    words = [word[:32] for text in texts for word in words_of(text) if len(word) >= 3]
    prefixes = {word[:end] for word in words for end in range(3, min(8, len(word)) + 1)}
    return prefixes | set(words)


def trapdoor(index: bytes, term: str) -> bytes:
    return hmac.digest(index, term.encode(), "sha256")


def codeword(door: bytes, entry: object, revision: int) -> bytes:
    return hmac.digest(door, f"{entry}|{revision}".encode(), "sha256")[:8]


def make_index(index: bytes, plain: Mapping[str, Any], entry: object, revision: int) -> bytes:
    """Sorted, as the server keeps it."""
    words = {codeword(trapdoor(index, term), entry, revision) for term in terms_of(plain)}
    wanted = max(64, math.ceil(len(words) / 64) * 64)
    while len(words) < wanted:
        words.add(secrets.token_bytes(8))
    return b"".join(sorted(words))

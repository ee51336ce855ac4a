"""The file of a backup, version 1: written and read as a stream, and refused when anything is off.

`docs/backup-format.md` describes it byte by byte. Promised: without a key nothing but the header
can be read; a changed, cut, reordered, repeated or spliced chunk, a changed header and any byte
behind the end are refused, all with one class of error. What was read before a refusal must not
be used: the end of the stream is what makes it whole. No Django.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken

MAGIC = b"AUTHNODE-BACKUP 1\n"
VERSION = 1
# Bytes of content in one chunk: sealed, it stays below a mebibyte whatever it holds.
CHUNK_SIZE = 720 * 1024
LONGEST_HEADER = 256 * 1024
LONGEST_TOKEN = 1024 * 1024
START = bytes(32)
HEAD_SIZE = 16 + 32 + 8 + 1 + 32
FIRST, MIDDLE, LAST = 0, 1, 2
HEADER_FIELDS = {
    "application": str,
    "audit_head": dict,
    "chunk_size": int,
    "created_at": str,
    "database": str,
    "id": str,
    "kind": str,
    "migrations": dict,
    "recipients": list,
    "version": int,
}
RECIPIENT_FIELDS = {
    "key": {"kind", "id", "fingerprint", "wrapped"},
    "x25519": {"kind", "fingerprint", "ephemeral", "wrapped"},
}
TOKEN = re.compile(rb"[A-Za-z0-9_-]+={0,2}")


class ContainerRefused(Exception):
    """The file is not a whole backup: damaged, cut, changed, or not one at all."""

    def __init__(self, why: str) -> None:
        super().__init__(f"This file is not a whole backup: {why}.")


class UnsupportedVersion(ContainerRefused):
    """A later version of the format."""


@dataclass(frozen=True)
class Header:
    id: UUID
    created_at: str
    kind: str
    application: str
    database: str
    migrations: Mapping[str, Sequence[str]]
    audit_head: Mapping[str, Any]
    recipients: Sequence[Mapping[str, str]]
    chunk_size: int = CHUNK_SIZE
    version: int = VERSION

    def as_bytes(self) -> bytes:
        return canonical({name: _plain(getattr(self, name)) for name in HEADER_FIELDS})


@dataclass(frozen=True)
class Ending:
    """What the last chunk says about all the others."""

    rows: Mapping[str, int]
    size: int
    sha256: str
    chunks: int

    def as_bytes(self) -> bytes:
        return canonical(
            {"bytes": self.size, "chunks": self.chunks, "rows": self.rows, "sha256": self.sha256}
        )


def canonical(value: object) -> bytes:
    """The one way to write a value as JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


class Writer:
    """Writes a container; nothing of it counts before `finish`."""

    def __init__(self, file: BinaryIO, header: Header, data_key: bytes, keys: bytes) -> None:
        self._file = file
        self._chain = _Chain(header, data_key)
        self._waiting = bytearray()
        self._content = hashlib.sha256()
        self.sha256 = hashlib.sha256()
        self.size = 0
        self.content_size = 0
        self.chunks = 0
        self._put(MAGIC + header.as_bytes() + b"\n")
        self._put(self._chain.seal(FIRST, keys))

    def write(self, content: bytes) -> None:
        self._waiting += content
        while len(self._waiting) >= CHUNK_SIZE:
            self._chunk(bytes(self._waiting[:CHUNK_SIZE]))
            del self._waiting[:CHUNK_SIZE]

    def finish(self, rows: Mapping[str, int]) -> Ending:
        """Write what is left and the ending; the caller syncs and names the file."""
        if self._waiting:
            self._chunk(bytes(self._waiting))
            self._waiting.clear()
        ending = Ending(rows, self.content_size, self._content.hexdigest(), self.chunks)
        self._put(self._chain.seal(LAST, ending.as_bytes()))
        return ending

    def _chunk(self, content: bytes) -> None:
        self._content.update(content)
        self.content_size += len(content)
        self.chunks += 1
        self._put(self._chain.seal(MIDDLE, content))

    def _put(self, raw: bytes) -> None:
        self._file.write(raw)
        self.sha256.update(raw)
        self.size += len(raw)


class Reader:
    """Reads a container from its beginning. `content` must be read to its end to be believed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.header, self._raw_header = read_header(file)
        self.ending: Ending | None = None
        self.keys = b""

    def open(self, data_key: bytes) -> bytes:
        """Open the first record, the keys of the site; raises ContainerRefused."""
        self._chain = _Chain(self.header, data_key)
        kind, self.keys = self._next()
        if kind != FIRST:
            raise ContainerRefused("its first record is not the first")
        return self.keys

    def content(self, tick: Callable[[int], None] | None = None) -> Iterator[bytes]:
        """The content, chunk by chunk; ends only if the whole file is what was written."""
        digest, size, chunks = hashlib.sha256(), 0, 0
        while True:
            kind, payload = self._next()
            if kind == LAST:
                break
            if kind != MIDDLE:
                raise ContainerRefused("a record stands where it does not belong")
            digest.update(payload)
            size, chunks = size + len(payload), chunks + 1
            yield payload
            if tick:
                tick(size)
        ending = _parse_ending(payload)
        if (ending.size, ending.sha256, ending.chunks) != (size, digest.hexdigest(), chunks):
            raise ContainerRefused("its content does not match its ending")
        if self._file.read(1):
            raise ContainerRefused("there are bytes behind its end")
        self.ending = ending

    def structure(self) -> int:
        """Walk over the records without a key; the answer is their number."""
        count = 0
        while line := self._file.readline(LONGEST_TOKEN + 2):
            _decode_token(line)
            count += 1
        if count < 2:
            raise ContainerRefused("it is cut")
        return count

    def _next(self) -> tuple[int, bytes]:
        line = self._file.readline(LONGEST_TOKEN + 2)
        if not line:
            raise ContainerRefused("it is cut")
        return self._chain.open(line)


class _Chain:
    """Seals and opens records, each bound to the header, its place and the one before it."""

    def __init__(self, header: Header, data_key: bytes) -> None:
        if len(data_key) != 32:
            raise ContainerRefused("its data key has a wrong length")
        self._fernet = Fernet(base64.urlsafe_b64encode(data_key))
        self._id = header.id.bytes
        self._header = hashlib.sha256(header.as_bytes()).digest()
        self._index = 0
        self._before = START
        self._limit = header.chunk_size

    def seal(self, kind: int, payload: bytes) -> bytes:
        head = self._head(kind)
        token = self._fernet.encrypt(head + zlib.compress(payload, 1))
        self._step(token)
        return token + b"\n"

    def open(self, line: bytes) -> tuple[int, bytes]:
        token = _decode_token(line)
        try:
            plain = self._fernet.decrypt(token)
        except InvalidToken:
            raise ContainerRefused("a chunk is damaged or of another backup") from None
        if len(plain) <= HEAD_SIZE or plain[56] > LAST:
            raise ContainerRefused("a chunk is too short")
        kind = plain[56]
        if plain[:HEAD_SIZE] != self._head(kind):
            raise ContainerRefused("a chunk is not in its place")
        self._step(token)
        return kind, _inflate(plain[HEAD_SIZE:], self._limit)

    def _head(self, kind: int) -> bytes:
        place = self._index.to_bytes(8)
        return self._id + self._header + place + bytes([kind]) + self._before

    def _step(self, token: bytes) -> None:
        self._index += 1
        self._before = hashlib.sha256(token).digest()


def read_header(file: BinaryIO) -> tuple[Header, bytes]:
    """The header, strictly; raises ContainerRefused."""
    if file.read(len(MAGIC)) != MAGIC:
        raise ContainerRefused("it does not begin as one")
    line = file.readline(LONGEST_HEADER + 1)
    if not line.endswith(b"\n"):
        raise ContainerRefused("its header is cut or too long")
    raw = line[:-1]
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        raise ContainerRefused("its header cannot be read") from None
    if not isinstance(found, dict) or canonical(found) != raw:
        raise ContainerRefused("its header is not in canonical form")
    if found.get("version") != VERSION:
        raise UnsupportedVersion("its version is not known here")
    _check_header(found)
    try:
        header = Header(**{**found, "id": UUID(found["id"])})
    except ValueError:
        raise ContainerRefused("its id is not one") from None
    # Python reads an id in more spellings than one; what is not written back as it was is refused.
    if header.as_bytes() != raw:
        raise ContainerRefused("its header is not in canonical form")
    return header, raw


def lines(chunks: Iterator[bytes], limit: int = 32 * 1024 * 1024) -> Iterator[bytes]:
    """The lines of a stream whose chunks are cut anywhere."""
    rest = b""
    for chunk in chunks:
        parts = (rest + chunk).split(b"\n")
        rest = parts.pop()
        if len(rest) > limit:
            raise ContainerRefused("a row is too long")
        yield from parts
    if rest:
        raise ContainerRefused("its last row is cut")


@dataclass
class TableHead:
    """The line before the rows of a table."""

    table: str
    model: str
    columns: list[str] = field(default_factory=list)

    def as_bytes(self) -> bytes:
        return canonical({"columns": self.columns, "model": self.model, "table": self.table})


def parse_table_head(line: bytes) -> TableHead:
    try:
        found = json.loads(line)
        return TableHead(str(found["table"]), str(found["model"]), list(found["columns"]))
    except (ValueError, KeyError, TypeError):
        raise ContainerRefused("the head of a table cannot be read") from None


def _check_header(found: dict[str, Any]) -> None:
    if set(found) != set(HEADER_FIELDS):
        raise ContainerRefused("its header has other fields than it should")
    for name, kind in HEADER_FIELDS.items():
        if type(found[name]) is not kind:
            raise ContainerRefused(f"the field {name} of its header is malformed")
    if not 1024 <= found["chunk_size"] <= CHUNK_SIZE:
        raise ContainerRefused("its chunk size is out of range")
    if not 1 <= len(found["recipients"]) <= 16:
        raise ContainerRefused("it has no recipients, or too many")
    for wrap in found["recipients"]:
        if (
            not isinstance(wrap, dict)
            or set(wrap) != RECIPIENT_FIELDS.get(str(wrap.get("kind")))
            or not all(isinstance(word, str) for word in wrap.values())
        ):
            raise ContainerRefused("a recipient is malformed")


def _parse_ending(payload: bytes) -> Ending:
    try:
        found = json.loads(payload)
        ending = Ending(found["rows"], found["bytes"], found["sha256"], found["chunks"])
    except (ValueError, KeyError, TypeError):
        raise ContainerRefused("its ending cannot be read") from None
    if ending.as_bytes() != payload:
        raise ContainerRefused("its ending is not in canonical form")
    return ending


def _decode_token(line: bytes) -> bytes:
    """The token of a line, refused unless it is exactly what encoding gives.

    Python's base64 skips foreign characters and ignores unused bits, so that many texts would
    decode to one token.
    """
    if not line.endswith(b"\n"):
        raise ContainerRefused("it is cut")
    token = line[:-1]
    if not TOKEN.fullmatch(token):
        raise ContainerRefused("a chunk is not base64url")
    try:
        if base64.urlsafe_b64encode(base64.urlsafe_b64decode(token)) != token:
            raise ContainerRefused("a chunk is not in canonical form")
    except (binascii.Error, ValueError):
        raise ContainerRefused("a chunk is not base64url") from None
    return token


def _inflate(packed: bytes, limit: int) -> bytes:
    """Unpack, but never more than a chunk may hold."""
    stream = zlib.decompressobj()
    try:
        payload = stream.decompress(packed, limit + 1)
    except zlib.error:
        raise ContainerRefused("a chunk cannot be unpacked") from None
    if len(payload) > limit or not stream.eof or stream.unused_data or stream.unconsumed_tail:
        raise ContainerRefused("a chunk unpacks to something else than a chunk")
    return payload


def _plain(value: object) -> object:
    return str(value) if isinstance(value, UUID) else value

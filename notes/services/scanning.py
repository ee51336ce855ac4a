"""One pass over the indexes of a user: 10 000 of them within a tenth of a second.

trapdoor (from the browser)  = HMAC-SHA-256(index key, term)
codeword (stored and sought) = first 8 bytes of HMAC-SHA-256(trapdoor, entry id "|" revision)

Every row costs a codeword for each trapdoor and a look into its blob, so the rows come straight
from the database, without models; PostgreSQL sends them as they lie there and not as text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection

from notes.envelope import CODEWORD_BYTES

ROWS_AT_ONCE = 1_000
ROWS = "revision, codewords FROM notes_noteindex WHERE owner_id = %s AND vault_key_id = %s"
BLOCK_BYTES = 64


def scan(owner_id: UUID, vault_key_id: UUID, trapdoors: Sequence[bytes]) -> list[str]:
    """The ids of the entries in whose index there is a codeword for each of the trapdoors."""
    makers = [codeword_maker(trapdoor) for trapdoor in trapdoors]
    found = []
    for entry_id, revision, codewords in _rows(owner_id, vault_key_id):
        place = f"{entry_id}|{revision}".encode()
        if all(holds(codewords, make(place)) for make in makers):
            found.append(entry_id)
    return found


def codeword_maker(trapdoor: bytes) -> Callable[[bytes], bytes]:
    """What makes the codewords of one trapdoor.

    HMAC by its definition (RFC 2104), with the two blocks of the key hashed once and not once a
    note: half the time of `hmac.digest`.
    """
    block = trapdoor.ljust(BLOCK_BYTES, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def make(place: bytes) -> bytes:
        first, second = inner.copy(), outer.copy()
        first.update(place)
        second.update(first.digest())
        return second.digest()[:CODEWORD_BYTES]

    return make


def _rows(owner_id: UUID, vault_key_id: UUID) -> Iterator[tuple[str, int, bytes]]:
    if connection.vendor == "postgresql":
        yield from _rows_of_postgres(owner_id, vault_key_id)
        return
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT note_id, {ROWS}", [owner_id.hex, vault_key_id.hex])
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from map(_with_hyphens, rows)


def _rows_of_postgres(owner_id: UUID, vault_key_id: UUID) -> Iterator[tuple[str, int, bytes]]:
    # Django's own cursor puts parameters into the text, and such a query answers in text alone:
    # twice the bytes, all of them to be decoded.
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(f"SELECT note_id::text, {ROWS}", [owner_id, vault_key_id], binary=True)
        yield from cursor


def _with_hyphens(row: tuple[str, Any, Any]) -> tuple[str, int, bytes]:
    key, revision, codewords = row
    return f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}", revision, codewords


def holds(codewords: bytes, wanted: bytes) -> bool:
    """Whether a codeword is among the others, at a multiple of its length."""
    at = codewords.find(wanted)
    while at % CODEWORD_BYTES and at >= 0:
        at = codewords.find(wanted, at + 1)
    return at >= 0

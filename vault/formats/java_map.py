"""The one thing read of Java's serialisation: a HashMap of strings.

No class is looked up and no object is made: whatever else the bytes describe is refused.
"""

from __future__ import annotations

import struct

from vault.formats.reading import MAX_BYTES
from vault.formats.refusals import Damaged, TooLarge

MOST_PAIRS = 25_000

_MAGIC = b"\xac\xed\x00\x05"
_OBJECT, _CLASS, _STRING, _LONG_STRING, _REFERENCE = 0x73, 0x72, 0x74, 0x7C, 0x71
_BLOCK, _END_BLOCK, _NULL = 0x77, 0x78, 0x70
_HASH_MAP = "java.util.HashMap"
_HASH_MAP_SERIAL = 362498820763181265
# Old phones write the first of these fields alone. Each is a number of four bytes.
_FIELDS = [(ord("F"), "loadFactor"), (ord("I"), "threshold")]
_FIELD_LENGTH = 4
_FIRST_HANDLE = 0x7E0000
# The description of the class and the map itself take the first two.
_HANDLES_BEFORE_STRINGS = 2


def is_one(data: bytes) -> bool:
    return data.startswith(_MAGIC)


def read(data: bytes) -> dict[str, str]:
    """Keys and values of the map; raises Damaged."""
    if len(data) > MAX_BYTES:
        raise TooLarge
    try:
        return _Reader(data).read()
    except (struct.error, UnicodeError):
        raise Damaged from None


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._strings: list[str] = []

    def read(self) -> dict[str, str]:
        self._expect(_MAGIC)
        self._expect(bytes((_OBJECT, _CLASS)))
        if self._utf(self._number(">H")) != _HASH_MAP or self._number(">q") != _HASH_MAP_SERIAL:
            raise Damaged
        self._number(">B")
        count = self._number(">H")
        if not 1 <= count <= len(_FIELDS):
            raise Damaged
        for field in _FIELDS[:count]:
            if (self._number(">B"), self._utf(self._number(">H"))) != field:
                raise Damaged
        self._expect(bytes((_END_BLOCK, _NULL)))
        self._take(_FIELD_LENGTH * count)
        self._expect(bytes((_BLOCK, 8)))
        self._number(">i")
        size = self._number(">i")
        if not 0 <= size <= MOST_PAIRS:
            raise Damaged
        pairs = {self._string(): self._string() for _ in range(size)}
        self._expect(bytes((_END_BLOCK,)))
        return pairs

    def _string(self) -> str:
        kind = self._number(">B")
        if kind == _REFERENCE:
            place = self._number(">i") - _FIRST_HANDLE - _HANDLES_BEFORE_STRINGS
            if not 0 <= place < len(self._strings):
                raise Damaged
            return self._strings[place]
        if kind not in (_STRING, _LONG_STRING):
            raise Damaged
        text = self._utf(self._number(">H" if kind == _STRING else ">Q"))
        self._strings.append(text)
        return text

    def _utf(self, length: int) -> str:
        """Java's modified UTF-8: surrogates apart, and NUL in two bytes."""
        raw = self._take(length).replace(b"\xc0\x80", b"\x00")
        text = raw.decode("utf-8", "surrogatepass")
        return text.encode("utf-16", "surrogatepass").decode("utf-16")

    def _number(self, form: str) -> int:
        number: int = struct.unpack(form, self._take(struct.calcsize(form)))[0]
        return number

    def _expect(self, wanted: bytes) -> None:
        if self._take(len(wanted)) != wanted:
            raise Damaged

    def _take(self, length: int) -> bytes:
        if length > len(self._data) - self._at:
            raise Damaged
        piece = self._data[self._at : self._at + length]
        self._at += length
        return piece

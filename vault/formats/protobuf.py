"""The wire format of protobuf, strictly read, and written: as much as one foreign message needs.

No schema is compiled; the caller asks for fields by number and kind. A field of another
wire type than asked for, a length beyond the end or a group makes the message malformed.
"""

from __future__ import annotations

from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_LENGTHS = {_FIXED64: 8, _FIXED32: 4}
_MAX_VARINT_BYTES = 10
_MAX_FIELD_NUMBER = (1 << 29) - 1


class Malformed(ValueError):
    """The bytes are not the message they were taken for."""


class Message:
    """Fields of one message. Of a repeated single value the last one counts."""

    def __init__(self, encoded: bytes) -> None:
        self._fields: dict[int, list[tuple[int, int | bytes]]] = {}
        for number, wire_type, value in _read_fields(encoded):
            self._fields.setdefault(number, []).append((wire_type, value))

    def blobs(self, number: int) -> list[bytes]:
        """All values of a field of bytes, strings or messages."""
        values = [value for _, value in self._fields.get(number, [])]
        blobs = [value for value in values if isinstance(value, bytes)]
        if len(blobs) != len(values):
            raise Malformed(f"Field {number} does not hold bytes.")
        return blobs

    def blob(self, number: int) -> bytes:
        """The value of a field of bytes; empty when absent, as in proto3."""
        blobs = self.blobs(number)
        return blobs[-1] if blobs else b""

    def number(self, number: int, *, bits: int = 32) -> int:
        """The value of a signed whole number of 32 or 64 bits; 0 when absent."""
        values = self._fields.get(number, [(_VARINT, 0)])
        wire_type, value = values[-1]
        if wire_type != _VARINT or not isinstance(value, int):
            raise Malformed(f"Field {number} does not hold a number.")
        # A negative int32 travels as ten bytes, sign extended to 64 bits.
        value &= (1 << bits) - 1
        return value - (1 << bits) if value >> (bits - 1) else value

    def is_number(self, number: int) -> bool:
        """Whether the field is there and travels as a varint."""
        values = self._fields.get(number)
        return values is not None and values[-1][0] == _VARINT


def _read_fields(encoded: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    at = 0
    while at < len(encoded):
        key, at = _read_varint(encoded, at)
        number, wire_type = key >> 3, key & 7
        if not 1 <= number <= _MAX_FIELD_NUMBER:
            raise Malformed("A field number is out of range.")
        if wire_type == _VARINT:
            value, at = _read_varint(encoded, at)
            yield number, wire_type, value
            continue
        if wire_type == _BYTES:
            length, at = _read_varint(encoded, at)
        elif wire_type in _FIXED_LENGTHS:
            length = _FIXED_LENGTHS[wire_type]
        else:
            raise Malformed("A wire type is unknown or a group.")
        if length > len(encoded) - at:
            raise Malformed("A field is longer than its message.")
        piece = encoded[at : at + length]
        at += length
        # Nobody asks for fixed-width numbers; as an int they pass for neither kind.
        yield number, wire_type, piece if wire_type == _BYTES else int.from_bytes(piece, "little")


def _read_varint(encoded: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(encoded[at : at + _MAX_VARINT_BYTES]):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            if value >> 64:
                break
            return value, at + place + 1
    raise Malformed("A number is cut short or too long.")


def field_of_bytes(number: int, value: bytes) -> bytes:
    """One field of bytes, a string or a message."""
    return _varint(number << 3 | _BYTES) + _varint(len(value)) + value


def field_of_number(number: int, value: int) -> bytes:
    """One field of a whole number from 0; nothing for 0, as in proto3."""
    return _varint(number << 3 | _VARINT) + _varint(value) if value else b""


def _varint(value: int) -> bytes:
    pieces = bytearray()
    while value > 0x7F:
        pieces.append(value & 0x7F | 0x80)
        value >>= 7
    pieces.append(value)
    return bytes(pieces)

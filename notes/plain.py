"""The plain form of a note, as far as the server sees any: those it is asked to keep itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from keyslots.crypto import MalformedData, UnsupportedVersion

VERSION = 1
MOST_BYTES = 64 * 1024 - 4
KINDS = ("text", "hidden", "url")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class TooLong(MalformedData):
    """The note takes more than 64 KiB."""


@dataclass(frozen=True, slots=True)
class PlainNote:
    """`fields` are {name, value, kind}, `codes` are {code, used_on}."""

    note: str = field(default="", repr=False)
    fields: Sequence[Mapping[str, str]] = field(default=(), repr=False)
    codes: Sequence[Mapping[str, str | None]] = field(default=(), repr=False)

    @property
    def is_empty(self) -> bool:
        return not (self.note or self.fields or self.codes)

    def as_wire(self) -> dict[str, object]:
        fields, codes = [dict(row) for row in self.fields], [dict(row) for row in self.codes]
        return {"v": VERSION, "note": self.note, "fields": fields, "codes": codes}


def parse(posted: object) -> PlainNote:
    """Read {v, note, fields, codes}, refusing everything that a browser would not write."""
    if not isinstance(posted, Mapping) or type(posted.get("v")) is not int:
        raise MalformedData("The note carries no version.")
    if posted["v"] != VERSION:
        raise UnsupportedVersion("The note has a version that is not supported here.")
    _check(posted, {"v", "note", "fields", "codes"}, {"note"})
    if not isinstance(posted["fields"], list) or not isinstance(posted["codes"], list):
        raise MalformedData("Fields and codes are lists.")
    for row in posted["fields"]:
        _check(row, {"name", "value", "kind"}, {"name", "value", "kind"})
        if row["kind"] not in KINDS:
            raise MalformedData("There is no such kind of field.")
    for row in posted["codes"]:
        _check(row, {"code", "used_on"}, {"code"})
        _check_day(row["used_on"])
    return PlainNote(posted["note"], posted["fields"], posted["codes"])


def _check(row: object, names: set[str], texts: set[str]) -> None:
    if not isinstance(row, Mapping) or row.keys() != names:
        raise MalformedData("A note has exactly the fields of its version.")
    if not all(isinstance(row[name], str) for name in texts):
        raise MalformedData("This is not text.")


def _check_day(day: object) -> None:
    if day is not None and not (isinstance(day, str) and _DAY.fullmatch(day)):
        raise MalformedData("This is not a day.")

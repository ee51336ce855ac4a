"""The XML in which Android apps keep their settings: a flat map of names to texts.

A document type, and with it every entity of its own, ends the reading: nothing in the file
expands to more than what stands in it, and nothing is fetched.
"""

from __future__ import annotations

from xml.parsers import expat

from vault.formats.reading import MAX_BYTES
from vault.formats.refusals import Damaged, TooLarge

MOST_ELEMENTS = 20_000
_MAX_DEPTH = 8


class _Unfit(Exception):
    pass


class _Strings:
    """Collects the `string` elements of a `map`."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self.root = ""
        self._depth = 0
        self._elements = 0
        self._name: str | None = None
        self._text: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1:
            self.root = tag
        self._elements += 1
        is_too_much = self._depth > _MAX_DEPTH or self._elements > MOST_ELEMENTS
        if is_too_much or self.root != "map":
            raise _Unfit
        if self._depth == 2 and tag == "string":
            self._name, self._text = attributes.get("name", ""), []

    def end(self, tag: str) -> None:
        if self._depth == 2 and self._name is not None:
            self.found[self._name] = "".join(self._text)
            self._name = None
        self._depth -= 1

    def text(self, piece: str) -> None:
        if self._name is not None:
            self._text.append(piece)


def read_strings(data: bytes) -> dict[str, str]:
    """The texts of a preferences file by their names; raises Damaged."""
    if len(data) > MAX_BYTES:
        raise TooLarge
    strings = _Strings()
    # The encoding is fixed: the declaration of the file may name whatever it likes.
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = strings.start
    parser.EndElementHandler = strings.end
    parser.CharacterDataHandler = strings.text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(data, True)
    except (_Unfit, expat.ExpatError, ValueError):
        raise Damaged from None
    return strings.found


def strings_of(data: bytes) -> dict[str, str]:
    """The same for a look: nothing when it is no such file."""
    if not data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return {}
    try:
        return read_strings(data)
    except (Damaged, TooLarge):
        return {}


def _refuse(*_: object) -> None:
    raise _Unfit

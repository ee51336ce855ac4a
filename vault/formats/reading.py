"""What every reader of files gives back, and what they share.

A format is a module with these four:

    name: str
    recognises(data: bytes) -> bool        by content, without deriving a key
    read(data: bytes, *, password: str | None = None) -> Read
    write(accounts: Sequence[OtpAccount], ...) -> bytes, or an iterator of bytes

`read` raises a FormatRefusal for the whole file: PasswordNeeded, WrongPassword, TooExpensive,
Damaged, TooLarge or one of the plain reasons. A bad entry does not lose the others: it stands
in `refused`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from vault.formats.account import OtpAccount
from vault.formats.refusals import Damaged, FormatRefusal, TooLarge

MAX_BYTES = 16 * 1024 * 1024
MAX_ENTRIES = 10_000
MAX_DEPTH = 40

Source = TypeVar("Source")

# A text without an end reaches to the end of the file: given up there and tried again at each
# of its quotes, it would cost the square of its length.
_TEXT = re.compile(rb'"(?:[^"\\]|\\(?:.|\Z))*+(?:"|\Z)', re.DOTALL)
_CURLY_TO_SQUARE = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(sign for sign in range(256) if sign not in b"[]{}")


@dataclass(frozen=True, slots=True)
class Refused:
    """One entry that was left out: what it is called, as far as known, and why."""

    label: str
    reason: FormatRefusal

    @classmethod
    def of(cls, refusal: FormatRefusal, *, place: int) -> Refused:
        """By issuer and name, or else by the number of the entry, from 1."""
        label = " – ".join(part for part in (refusal.issuer, refusal.name) if part)
        return cls(label or f"#{place}", refusal)


@dataclass(frozen=True, slots=True)
class MissingParts:
    """Parts (from 0) of one Google Authenticator export that are not there yet."""

    id: int
    size: int
    indices: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """What a file held, in its order, and what was not taken of it."""

    accounts: tuple[OtpAccount, ...]
    refused: tuple[Refused, ...] = ()
    # Names of all groups of the file, also of those that hold nothing.
    groups: tuple[str, ...] = ()
    missing: tuple[MissingParts, ...] = ()


def read_each(
    sources: Iterable[Source],
    read_one: Callable[[Source], OtpAccount],
    *,
    groups: tuple[str, ...] = (),
) -> Read:
    """Read entries one by one; a refused one is reported beside the others."""
    accounts: list[OtpAccount] = []
    refused: list[Refused] = []
    for place, source in enumerate(sources, start=1):
        if place > MAX_ENTRIES:
            raise FormatRefusal("too many")
        try:
            accounts.append(read_one(source))
        except FormatRefusal as refusal:
            refused.append(Refused.of(refusal, place=place))
    return Read(tuple(accounts), tuple(refused), groups)


def load_json(data: bytes) -> Any:
    """JSON within bounds of size and depth; raises Damaged or TooLarge."""
    if len(data) > MAX_BYTES:
        raise TooLarge
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not is_shallow(data):
        raise Damaged
    try:
        return json.loads(data.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Damaged from None


def is_shallow(data: bytes, most: int = MAX_DEPTH) -> bool:
    """Do brackets lie within each other at most so deep? Those inside texts do not count.

    Pairs are taken away from within, a level at a time, which takes no time for each bracket.
    """
    left = _TEXT.sub(b"", data).translate(_CURLY_TO_SQUARE, delete=_NO_BRACKETS)
    for _ in range(most):
        before = len(left)
        left = left.replace(b"[]", b"")
        if len(left) == before:
            break
    return not left


def text_of(value: Any) -> str:
    """A text as it is; nothing for null or a missing one; raises the reason "text" otherwise."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise FormatRefusal("text")
    return value


def number_of(value: Any, reason: str) -> int:
    """A whole number, also as text; raises `reason`."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,19}", value.strip()):
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise FormatRefusal(reason)
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON.")

"""The master keys: which there are, and which one seals.

`MASTER_KEY` holds one key a line, `k2:<32 bytes as base64url>`; the first line is the current
key, the others only open what they once sealed. A key id is a letter followed by a number.
"""

from __future__ import annotations

import base64
import binascii
import functools
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

KEY_LINE = re.compile(r"(?P<id>[a-z][0-9]{1,6}):(?P<key>[A-Za-z0-9_-]{43})=?")


@dataclass(frozen=True)
class Keyring:
    current: str
    keys: Mapping[str, bytes] = field(repr=False)


def parse(text: str) -> Keyring:
    """Read the lines of `MASTER_KEY`; raises ImproperlyConfigured with the line's number."""
    keys: dict[str, bytes] = {}
    for number, line in enumerate(text.split(), start=1):
        match = KEY_LINE.fullmatch(line)
        if match is None or match["id"] in keys:
            raise ImproperlyConfigured(
                f"Line {number} of MASTER_KEY is not a key of its own: expected"
                " “k1:” and 32 bytes as base64url, each key id once."
            )
        try:
            key = base64.urlsafe_b64decode(match["key"] + "=")
        except binascii.Error:
            raise ImproperlyConfigured(f"Line {number} of MASTER_KEY is damaged.") from None
        keys[match["id"]] = key
    if not keys:
        raise ImproperlyConfigured(
            "There is no master key. “make run” makes one for a new installation; for an existing"
            " one, put your copy back or name it with MASTER_KEY or MASTER_KEY_FILE."
        )
    return Keyring(current=next(iter(keys)), keys=keys)


_borrowed: ContextVar[Keyring | None] = ContextVar("borrowed_keyring", default=None)


def ring() -> Keyring:
    return _borrowed.get() or _own()


@contextmanager
def borrowed(other: Keyring | None) -> Iterator[None]:
    """Seal and open with the keys of a backup for a while; None are our own again."""
    token = _borrowed.set(other)
    try:
        yield
    finally:
        _borrowed.reset(token)


@functools.lru_cache(maxsize=1)
def _own() -> Keyring:
    return parse(settings.MASTER_KEY)


def _forget(*, setting: str, **_: Any) -> None:
    if setting == "MASTER_KEY":
        _own.cache_clear()


setting_changed.connect(_forget)

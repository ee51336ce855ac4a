"""Networks that host servers or hide where people are, by their numbers.

`networks.txt` holds those that are widely known; an operator may name a list of their own.
"""

from __future__ import annotations

import functools
import logging
import re
from pathlib import Path

from django.conf import settings

logger = logging.getLogger(__name__)
BUILT_IN = Path(__file__).with_name("networks.txt")
NUMBER = re.compile(r"(?:AS)?(\d{1,10})\b", re.IGNORECASE)


def is_hosting(number: int) -> bool:
    return number in _numbers(settings.ANOMALIES_NETWORK_LIST)


def system_of(number: int | None) -> int:
    """The number again where it is one of a hosting network, and 0 otherwise."""
    return number if number is not None and is_hosting(number) else 0


def read(path: Path) -> frozenset[int]:
    """The numbers at the start of the lines; what follows a number is for people."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    found = (NUMBER.match(line) for line in lines if line and not line.startswith("#"))
    return frozenset(int(match[1]) for match in found if match)


@functools.lru_cache(maxsize=4)
def _numbers(own: str) -> frozenset[int]:
    numbers = read(BUILT_IN)
    if own:
        try:
            numbers = read(Path(own))
        except (OSError, UnicodeDecodeError):
            logger.exception("ANOMALIES_NETWORK_LIST cannot be read; the built-in list is used.")
    return numbers

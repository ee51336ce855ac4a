"""Anchors: where the chain's head was, kept outside the database.

Whoever can change the database can cut its newest events off and set the head back. They cannot
do so to a line that left the machine with its log, and not unnoticed to one in `var/`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

logger = logging.getLogger("authnode.audit")

EVERY = timedelta(hours=1)
LONGEST_LINE = 512
_last_left: dict[Path, datetime] = {}


@dataclass(frozen=True)
class Anchor:
    position: int
    mac: str
    at: datetime


def default_file() -> Path:
    return Path(settings.VAR) / "audit-anchor.jsonl"


def leave(*, position: int, mac: str, at: datetime) -> bool:
    """Write an anchor to the log and to `var/`, at most once an hour."""
    file = default_file()
    newest = _newest_at(file)
    if newest is not None and newest <= at < newest + EVERY:
        return False
    _last_left[file] = at
    line = json.dumps({"position": position, "mac": mac, "at": at.isoformat()})
    logger.info("audit anchor %s", line)
    try:
        with file.open("a", encoding="ascii") as lines:
            lines.write(line + "\n")
    except OSError as error:
        logger.warning("The audit anchor cannot be kept in %s: %s.", file, error.strerror)
    return True


def read(file: Path) -> Iterator[Anchor]:
    """The anchors of a file, oldest first; lines that are not anchors are passed over."""
    with file.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            anchor = _parse(line)
            if anchor is not None:
                yield anchor


def newest() -> Anchor | None:
    """The anchor left last in `var/` of this machine."""
    return next((anchor for anchor in reversed(_tail(default_file()))), None)


def _parse(line: str) -> Anchor | None:
    # Log lines may be given as they are: the anchor stands at their end.
    _, brace, rest = line.partition("{")
    try:
        found = json.loads(brace + rest)
        return Anchor(int(found["position"]), str(found["mac"]), _time(found["at"]))
    except (ValueError, KeyError, TypeError):
        return None


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("An anchor's time names its zone.")
    return at


def _newest_at(file: Path) -> datetime | None:
    # The file remembers over a restart; the process remembers when the file cannot be written.
    times = [_last_left[file]] if file in _last_left else []
    times += [anchor.at for anchor in _tail(file)]
    return max(times, default=None)


def _tail(file: Path) -> list[Anchor]:
    """The last anchors of a file, as many as one line can be long."""
    try:
        with file.open("rb") as lines:
            lines.seek(0, 2)
            lines.seek(max(0, lines.tell() - LONGEST_LINE))
            tail = lines.read().decode("ascii", "replace").splitlines()
    except OSError:
        return []
    return [anchor for anchor in map(_parse, tail) if anchor is not None]

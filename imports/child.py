"""The process in which foreign files with a password are opened: `python -m imports.child`.

It has a memory of its own with a ceiling, no environment, no database and no keys of the site,
and ends with its one answer. Files and passwords come through its input, accounts go out
through its output; nothing of either touches a disk or a command line.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

from imports import packing
from vault.formats import detection, kdf
from vault.formats.refusals import FormatRefusal

LENGTH_BYTES = 8
MIB = 1024 * 1024
# What a derivation leaves for the file itself and for what it is read into.
ROOM_MIB = 32
_MOST_FILES = 64


def main() -> None:
    asked = json.loads(sys.stdin.buffer.read(int.from_bytes(sys.stdin.buffer.read(LENGTH_BYTES))))
    contents = [sys.stdin.buffer.read(file["length"]) for file in asked["files"]]
    limit(asked["memory_mib"], asked["seconds"])
    answers = [
        answer(content, file["format"], file["password"])
        for file, content in zip(asked["files"], contents, strict=True)
    ]
    sys.stdout.buffer.write(packing.to_json(answers))


def answer(content: bytes, name: str, password: str | None) -> dict[str, Any]:
    """What a file holds, or the reason why it is not read."""
    try:
        return packing.pack_read(detection.read(content, name=name, password=password))
    except FormatRefusal as refusal:
        return {"refusal": refusal.reason}
    except MemoryError:
        return {"refusal": "too much memory"}


def limit(memory_mib: int, seconds: int) -> None:
    """Take no more memory and time than this from here on, write no file and leave no core."""
    ceiling = memory_mib * MIB
    kdf.memory_ceiling = ceiling - size_of_process() - ROOM_MIB * MIB
    for kind, most in (
        (resource.RLIMIT_AS, ceiling),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _MOST_FILES),
    ):
        hard = resource.getrlimit(kind)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (allowed, allowed))


def size_of_process() -> int:
    """Address space in use, as RLIMIT_AS counts it; 0 where the system does not tell."""
    try:
        counts = Path("/proc/self/statm").read_text(encoding="ascii")
        return int(counts.split()[0]) * resource.getpagesize()
    except OSError:
        return 0


if __name__ == "__main__":
    main()

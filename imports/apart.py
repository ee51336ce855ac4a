"""Having files opened in a process apart, so that a file's own cost is bounded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from imports import packing
from imports.child import LENGTH_BYTES
from vault.formats.reading import Read
from vault.formats.refusals import FormatRefusal

ROOT = Path(__file__).resolve().parent.parent
# The dearest file within the bounds takes seconds; a busy machine gets its time.
MOST_SECONDS = 120
LOOK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class LockedFile:
    content: bytes = field(repr=False)
    format: str
    password: str | None = field(default=None, repr=False)


Answer = Read | FormatRefusal


def read(
    files: Sequence[LockedFile],
    *,
    memory_mib: int,
    seconds: int = MOST_SECONDS,
    on_wait: Callable[[], None] = lambda: None,
) -> list[Answer]:
    """What each file holds, or its refusal. `on_wait` is called while it lasts, and may raise."""
    deadline = time.monotonic() + seconds
    process = subprocess.Popen(
        [sys.executable, "-m", "imports.child"],
        cwd=ROOT,
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        given: bytes | None = _ask(files, memory_mib=memory_mib, seconds=seconds)
        told: bytes | None = None
        while told is None:
            try:
                told, _ = process.communicate(given, timeout=LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                given = None
                on_wait()
                if time.monotonic() > deadline:
                    return [FormatRefusal("too expensive")] * len(files)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    return _answers(told, len(files), process.returncode)


def _ask(files: Sequence[LockedFile], *, memory_mib: int, seconds: int) -> bytes:
    head = packing.to_json(
        {
            "memory_mib": memory_mib,
            "seconds": seconds,
            "files": [
                {"length": len(file.content), "format": file.format, "password": file.password}
                for file in files
            ],
        }
    )
    contents = b"".join(file.content for file in files)
    return len(head).to_bytes(LENGTH_BYTES) + head + contents


def _answers(told: bytes, count: int, status: int) -> list[Answer]:
    if status != 0 or not told:
        # Ended by its limits: of the processor's time by a signal, of memory anywhere else.
        reason = "too expensive" if status < 0 else "too much memory"
        return [FormatRefusal(reason)] * count
    answers: list[Answer] = []
    for row in json.loads(told):
        refusal = row.get("refusal")
        answers.append(FormatRefusal(refusal) if refusal else packing.unpack_read(row))
    return answers


def _environment() -> dict[str, str]:
    """Nothing of this process but what Python needs to start; one heap for all threads."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    # And one thread in what decodes pictures: each more would take memory of its own.
    kept |= {"OPENBLAS_NUM_THREADS": "1"}
    return {**kept, "MALLOC_ARENA_MAX": "1", "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}

"""Named points at which tests kill the process. Without a test listening they do nothing."""

from __future__ import annotations

from collections.abc import Callable

listener: Callable[[str], None] | None = None


def point(name: str) -> None:
    if listener is not None:
        listener(name)

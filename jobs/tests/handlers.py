"""Handlers that the tests name in JOB_HANDLERS."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

from jobs.services import Cancelled, GiveUp, Postpone, Run

runs: list[Run] = []
_lock = threading.Lock()
inside: Callable[[Run], None] | None = None


def note(run: Run) -> None:
    with _lock:
        runs.append(run)
    if inside is not None:
        inside(run)


def break_down(run: Run) -> None:
    note(run)
    raise ZeroDivisionError("the password is hunter2")


def postpone(run: Run) -> None:
    note(run)
    raise Postpone(timedelta(minutes=7), code="away", sentence="The store is away.")


def give_up(run: Run) -> None:
    note(run)
    raise GiveUp("too_big", "The file is too big.")


def stop_when_asked(run: Run) -> None:
    note(run)
    if run.is_cancelled():
        raise Cancelled


HANDLERS = {
    name: f"jobs.tests.handlers.{name}"
    for name in ("note", "break_down", "postpone", "give_up", "stop_when_asked")
}

"""Runs several programs as one.

Whatever ends this process ends them all, and whichever of them ends by itself ends the rest: half
an AuthNode looks well and sends no mail. The programs live in a process group of their own, so
that Ctrl-C comes to them through here, in order, and nothing they started outlives them.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
WATCHED = {*STOP_SIGNALS, signal.SIGCHLD}
START_SECONDS = 60.0
# Time to finish requests and tasks; what is left then is killed, within ten seconds in all.
GRACE_SECONDS = 8.0
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


@dataclass(frozen=True)
class Part:
    name: str
    command: Sequence[str]


@dataclass(frozen=True)
class Child:
    part: Part
    process: subprocess.Popen[bytes]

    @property
    def end(self) -> os.waitid_result | None:
        # Left unreaped until the group is gone: its number cannot go to another process.
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)


def supervise(
    parts: Sequence[Part],
    environment: Mapping[str, str],
    *,
    announce: Callable[[], bool],
    grace_seconds: float = GRACE_SECONDS,
) -> int:
    """Run the parts until a signal asks to stop (0) or one of them ends (1).

    `announce` is called again and again until it returns True, meaning that the start is complete.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    children: list[Child] = []
    try:
        for part in parts:
            children.append(_start(part, environment, children))
        return _watch(children, announce)
    finally:
        _stop(children, grace_seconds)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start(part: Part, environment: Mapping[str, str], group: Sequence[Child]) -> Child:
    supervisor = os.getpid()

    def tie_to_supervisor() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        # Even if the supervisor is killed, and can tell nobody.
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != supervisor:
            os._exit(1)

    process = subprocess.Popen(
        part.command,
        env=environment,
        stdin=subprocess.DEVNULL,
        process_group=group[0].process.pid if group else 0,
        preexec_fn=tie_to_supervisor,  # noqa: PLW1509 - there are no threads here
    )
    return Child(part, process)


def _watch(children: Sequence[Child], announce: Callable[[], bool]) -> int:
    deadline = time.monotonic() + START_SECONDS
    has_started = False
    while True:
        arrived = signal.sigwaitinfo(WATCHED) if has_started else signal.sigtimedwait(WATCHED, 0.1)
        if arrived is not None and arrived.si_signo in STOP_SIGNALS:
            return 0
        for child in children:
            if child.end is not None:
                print(_describe(child.part, child.end), file=sys.stderr)
                return 1
        has_started = has_started or announce()
        if not has_started and time.monotonic() > deadline:
            print(f"AuthNode did not answer within {START_SECONDS:.0f} seconds.", file=sys.stderr)
            return 1


def _describe(part: Part, end: os.waitid_result) -> str:
    how = f"with exit status {end.si_status}"
    if end.si_code != os.CLD_EXITED:
        how = f"killed by {signal.Signals(end.si_status).name}"
    return f"The {part.name} ended by itself, {how}; AuthNode stops."


def _stop(children: Sequence[Child], grace_seconds: float) -> None:
    for child in children:
        os.kill(child.process.pid, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while any(child.end is None for child in children):
        left = deadline - time.monotonic()
        arrived = signal.sigtimedwait(WATCHED, max(left, 0))
        # A second Ctrl-C is somebody who does not want to wait.
        if left <= 0 or (arrived is not None and arrived.si_signo == signal.SIGINT):
            break
    if children:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(children[0].process.pid, signal.SIGKILL)
    for child in children:
        child.process.wait()

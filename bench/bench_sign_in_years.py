"""Ten thousand years of sign-ins: needless questions for each kind of people, and thieves caught.

`SIGN_IN_YEARS` sets another number of user-years.
"""

from __future__ import annotations

import multiprocessing
import os
import time

from anomalies import rules
from bench import simulator

YEARS = int(os.environ.get("SIGN_IN_YEARS", "10000"))
PARTS = 20


def part(task: tuple[str, int, int]) -> tuple[str, simulator.Tally]:
    kind, first, last = task
    return kind, simulator.run(kind, range(first, last), limits=rules.Thresholds())


def main() -> None:
    started = time.perf_counter()
    each = max(1, YEARS // len(simulator.KINDS))
    step = max(1, each // PARTS)
    tasks = [
        (kind, first, min(each, first + step))
        for kind in simulator.KINDS
        for first in range(0, each, step)
    ]
    tallies = {kind: simulator.Tally() for kind in simulator.KINDS}
    with multiprocessing.Pool(os.cpu_count()) as pool:
        for kind, tally in pool.imap_unordered(part, tasks):
            tallies[kind].add(tally)
    print("\n".join(simulator.table(tallies)))
    print("asked: needlessly asked for a further proof; a quarter: of these for each person and")
    print("quarter, then the 95th and 99th percentile and the most of anybody; > 1: quarters with")
    print("more than one; told: let in, and told; near: caught within the radii all the same")
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()

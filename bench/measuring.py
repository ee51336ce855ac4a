"""What benches have in common: a throw-away database, medians, tables and JSON beside them."""

from __future__ import annotations

import json
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.db import connection
from django.test.utils import setup_databases, setup_test_environment, teardown_databases

RESULTS = Path(__file__).resolve().parent / "results"


@contextmanager
def empty_database() -> Iterator[None]:
    """The test database of the settings: SQLite, or PostgreSQL with DATABASE_URL."""
    setup_test_environment()
    kept = setup_databases(verbosity=0, interactive=False)
    try:
        yield
    finally:
        teardown_databases(kept, verbosity=0)


def milliseconds(deed: Callable[[], object], *, rounds: int = 5) -> float:
    """The median over the rounds, after one that warms up."""
    deed()
    took = []
    for _ in range(rounds):
        started = time.perf_counter()
        deed()
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took)


def cpu_milliseconds(deed: Callable[[], object], *, rounds: int = 5) -> float:
    """Like `milliseconds`, but the time this process computed: what else runs does not count."""
    deed()
    took = []
    for _ in range(rounds):
        started = time.process_time()
        deed()
        took.append((time.process_time() - started) * 1000)
    return statistics.median(took)


def machine() -> str:
    return f"{platform.machine()}, Python {platform.python_version()}, {connection.vendor}"


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table in Markdown, so that it can be copied into docs/performance.md."""
    print(f"\n{title}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(_cell(value) for value in row) + " |")


def keep(name: str, figures: object) -> None:
    """The same figures as JSON in bench/results/."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(figures, indent=2))


def _cell(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)

"""What benches have in common: a throw-away database, medians, and sheets of one shape.

A bench opens one `sheet`, adds its tables and their rows, and is done: every row is printed as it
comes and kept in bench/results/, so that a bench that is stopped loses nothing. `bench.report`
makes docs/performance.md of whatever lies there.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from django.db import connection
from django.test.utils import setup_databases, setup_test_environment, teardown_databases

RESULTS = Path(__file__).resolve().parent / "results"
FLOOR_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Curve:
    """How a table is drawn: the columns `of`, over the column `by`, a line for every `each`."""

    by: str
    of: tuple[str, ...]
    each: tuple[str, ...] = ()


@dataclass
class Table:
    title: str
    head: tuple[str, ...]
    note: str = ""
    curve: Curve | None = None
    rows: list[tuple[object, ...]] = field(default_factory=list)


class Sheet:
    """The tables of one bench on one database, kept as they grow."""

    def __init__(self, bench: str, title: str, *, database: str = "") -> None:
        self.bench, self.title, self.database = bench, title, database
        self.tables: list[Table] = []
        self.started = time.monotonic()
        self.at = datetime.now(UTC)
        self.floors = [floor()]
        self.loads = [os.getloadavg()[0]]
        said = f" on {database}" if database else ""
        print(f"{title}{said}; {machine()}; floor {_floor_words(self.floors[0])}")

    def table(
        self, title: str, head: Sequence[str], *, note: str = "", curve: Curve | None = None
    ) -> Callable[..., None]:
        """Begin a table; what comes back adds a row to it."""
        table = Table(title, tuple(head), note, curve)
        self.tables.append(table)
        print(f"\n{title}\n")
        print("| " + " | ".join(head) + " |")
        print("|" + "---|" * len(head), flush=True)

        def add(*cells: object) -> None:
            assert len(cells) == len(table.head), (table.head, cells)
            table.rows.append(cells)
            print("| " + " | ".join(cell(value) for value in cells) + " |", flush=True)
            self.keep()

        return add

    def keep(self) -> None:
        RESULTS.mkdir(exist_ok=True)
        name = "-".join(word for word in (self.bench, self.database) if word)
        found = {
            "bench": self.bench,
            "title": self.title,
            "database": self.database,
            "at": self.at.isoformat(timespec="minutes"),
            "machine": machine(),
            "seconds": round(time.monotonic() - self.started, 1),
            "floors": self.floors,
            "loads": [round(load, 1) for load in self.loads],
            "tables": [asdict(table) for table in self.tables],
        }
        (RESULTS / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")

    def end(self) -> None:
        self.floors.append(floor())
        self.loads.append(os.getloadavg()[0])
        self.keep()


@contextmanager
def sheet(bench: str, title: str, *, database: str = "") -> Iterator[Sheet]:
    opened = Sheet(bench, title, database=database)
    yield opened
    opened.end()


@contextmanager
def empty_database() -> Iterator[None]:
    """The test database of the settings: SQLite, or PostgreSQL with DATABASE_URL."""
    setup_test_environment()
    kept = setup_databases(verbosity=0, interactive=False)
    try:
        yield
    finally:
        teardown_databases(kept, verbosity=0)


def database() -> str:
    return connection.vendor


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


def floor() -> tuple[float, float]:
    """SHA-256 over 2 MiB in milliseconds, by the clock and by the processor.

    To hold figures of another machine against these; the farther the two are apart, the more the
    machine had to do besides.
    """
    blob = b"\0" * FLOOR_BYTES
    took = []
    for _ in range(9):
        started, worked = time.perf_counter(), time.process_time()
        hashlib.sha256(blob).digest()
        took.append((time.perf_counter() - started, time.process_time() - worked))
    clock, processor = zip(*took, strict=True)
    return round(statistics.mean(clock) * 1e3, 3), round(statistics.mean(processor) * 1e3, 3)


def machine() -> str:
    """Processor, cores, memory, system and Python, in one line."""
    words = [_processor(), f"{os.cpu_count()} cores", f"{_memory():.0f} GiB"]
    return ", ".join([*words, platform.system(), f"Python {platform.python_version()}"])


def cell(value: object) -> str:
    """A value as a table shows it: three figures that say something, no more."""
    if isinstance(value, float):
        size = abs(value)
        return f"{value:.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.3g}"
    return str(value)


def _floor_words(found: tuple[float, float]) -> str:
    return f"{found[0]:.1f} ms, of the processor {found[1]:.1f} ms"


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    words = path.read_text() if path.exists() else ""
    found = re.search(r"^model name\s*: (.+)$", words, re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def _memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30

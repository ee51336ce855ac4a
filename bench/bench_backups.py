"""Backup, verification and restore against the database's own tools, with peak memory.

Every step runs in a process of its own, whose peak and processor time are what the system says of
it. PostgreSQL (`scripts/with-services`) has pg_dump and pg_restore. SQLite has two tools: a copy of
its pages, which knows no rows, and `.dump` as text, which is read back row by row like a backup.
`BACKUP_ROWS` names other numbers of entries than 10000,100000,1000000; with `TMPDIR=/dev/shm` a
disk that others use does not count.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parent.parent
SIZES = [int(word) for word in os.environ.get("BACKUP_ROWS", "10000,100000,1000000").split(",")]
A_USER_HAS = 200
SQLITE = shutil.which("sqlite3") or ""
KEYS = {
    "MASTER_KEY": "k1:" + "A" * 43,
    "BACKUP_KEY": "b1:" + "B" * 42 + "A",
    "SECRET_KEY": "bench-only-" + "x" * 50,
}


def main() -> int:
    if len(sys.argv) > 1:
        return child(sys.argv[1], sys.argv[2:])
    url = os.environ.get("DATABASE_URL", "")
    print(f"database: {'PostgreSQL' if url else 'SQLite'}; a copy of 64 MB takes {floor():.2f} s")
    heads = ("entries", "step", "seconds", "cpu s", "rows/s", "MB/s", "peak MB")
    rivals = ("pg_dump s", "times") if url else ("pages s", "times", "text s", "times")
    print(" ".join(f"{head:>9}" for head in (*heads, *rivals)))
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder, databases(Path(folder), url) as (live, empty):
            measure(size, Path(folder), live, empty)
    return 0


def measure(size: int, folder: Path, live: dict[str, str], empty: dict[str, str]) -> None:
    run("prepare", live)
    run("fill", live, str(size))
    rivals = [native] if live.get("DATABASE_URL") else [pages, text] if SQLITE else [pages]
    dump = run("backup", live)
    file = str(dump["file"])
    weigh(size, "backup", dump, [rival("dump", folder, live) for rival in rivals])
    weigh(size, "verify", run("verify", live, file), [])
    run("prepare", empty)
    restored = run("restore", empty, file)
    weigh(size, "restore", restored, [rival("restore", folder, live) for rival in rivals])
    weigh(size, "dry run", run("rehearse", live, file), [])


def weigh(size: int, step: str, found: dict[str, Any], rivals: list[float]) -> None:
    seconds = found["seconds"]
    row = [
        f"{size}",
        step,
        f"{seconds:.2f}",
        f"{found['cpu']:.2f}",
        f"{found['rows'] / seconds:.0f}",
    ]
    row += [f"{found['bytes'] / seconds / 1e6:.1f}", f"{found['peak'] / 1024:.0f}"]
    for rival in rivals:
        row += [f"{rival:.2f}", f"{seconds / rival:.1f}"]
    print(" ".join(f"{cell:>9}" for cell in row), flush=True)


def floor() -> float:
    """What this machine's disk takes at this moment, to read the rest against."""
    with tempfile.NamedTemporaryFile() as file:
        started = time.perf_counter()
        for _ in range(64):
            file.write(os.urandom(1024 * 1024))
        file.flush()
        os.fsync(file.fileno())
        return time.perf_counter() - started


@contextlib.contextmanager
def databases(folder: Path, url: str) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """The environments of two sites: one to be filled, one to be restored into."""
    found = []
    for name in ("live", "empty"):
        own = {**os.environ, **KEYS, "AUTHNODE_VAR": str(folder / name), "PYTHONWARNINGS": "ignore"}
        if url:
            own["DATABASE_URL"] = with_database(url, f"bench_{name}")
            admin(url, f"DROP DATABASE IF EXISTS bench_{name}", f"CREATE DATABASE bench_{name}")
        found.append({**own, "DJANGO_SETTINGS_MODULE": "authnode.settings"})
    yield found[0], found[1]
    if url:
        for name in ("live", "empty", "native"):
            admin(url, f"DROP DATABASE IF EXISTS bench_{name}")


def with_database(url: str, name: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((*parts[:2], f"/{name}", *parts[3:]))


def admin(url: str, *statements: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def run(deed: str, environment: dict[str, str], *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.bench_backups", deed, *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def pages(deed: str, folder: Path, live: dict[str, str]) -> float:
    """Seconds of SQLite's own backup call, there or back."""
    source, target = folder / "live" / "authnode.sqlite3", folder / f"pages-{deed}.sqlite3"
    started = time.perf_counter()
    with (
        contextlib.closing(sqlite3.connect(source)) as one,
        contextlib.closing(sqlite3.connect(target)) as two,
    ):
        one.backup(two)
    return time.perf_counter() - started


def text(deed: str, folder: Path, live: dict[str, str]) -> float:
    """Seconds of writing all rows as SQL and of reading them back, by the sqlite3 program."""
    source, dump = folder / "live" / "authnode.sqlite3", folder / "rows.sql"
    started = time.perf_counter()
    if deed == "dump":
        with dump.open("wb") as file:
            subprocess.run([SQLITE, str(source), ".dump"], stdout=file, check=True)
    else:
        with dump.open("rb") as file:
            subprocess.run([SQLITE, str(folder / "text.sqlite3")], stdin=file, check=True)
    return time.perf_counter() - started


def native(deed: str, folder: Path, live: dict[str, str]) -> float:
    """Seconds of pg_dump and pg_restore."""
    url, file = live["DATABASE_URL"], folder / "native.dump"
    tools = max(Path("/usr/lib/postgresql").glob("*/bin"))
    if deed == "dump":
        command = [str(tools / "pg_dump"), "-Fc", "-f", str(file), url]
    else:
        admin(url, "DROP DATABASE IF EXISTS bench_native", "CREATE DATABASE bench_native")
        target_url = with_database(url, "bench_native")
        command = [str(tools / "pg_restore"), "-d", target_url, str(file)]
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def child(deed: str, arguments: Sequence[str]) -> int:
    if deed == "prepare":
        prepare()
        print("{}")
        return 0
    import django

    django.setup()
    if deed == "fill":
        fill(int(arguments[0]))
        print("{}")
        return 0
    from backups import making

    started, before = time.perf_counter(), time.process_time()
    if deed == "backup":
        file = backup()
    else:
        file = Path(arguments[0])
        {"verify": verify, "restore": restore, "rehearse": rehearse}[deed](file)
    seconds, cpu = time.perf_counter() - started, time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = {"seconds": seconds, "cpu": cpu, "peak": peak, "bytes": file.stat().st_size}
    rows = {"rows": rows_in(file), "file": str(file), "folder": str(making.folder())}
    print(json.dumps({**answer, **rows}))
    return 0


def prepare() -> None:
    from authnode import prepare as first

    assert first.main() == 0
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    if "cache" in settings.DATABASES:
        call_command("createcachetable", database="cache", verbosity=0)


def fill(size: int) -> None:
    from django.db import transaction
    from django.utils import timezone

    from accounts.models import User
    from core import sealing
    from vault.models import OtpEntry

    now = timezone.now()
    people = [
        User(email=f"person{number}@example.com") for number in range(max(1, size // A_USER_HAS))
    ]
    User.objects.bulk_create(people, batch_size=500)
    for start in range(0, size, 5000):
        batch = []
        for number in range(start, min(size, start + 5000)):
            owner = people[number // A_USER_HAS % len(people)]
            entry = OtpEntry(
                id=uuid.uuid4(), owner=owner, issuer=f"Service {number}", account_name=owner.email,
                created_at=now, updated_at=now,
            )  # fmt: skip
            sealing.seal_field(entry, "sealed_secret", b"0123456789abcdefghij")
            batch.append(entry)
        with transaction.atomic():
            OtpEntry.objects.bulk_create(batch, batch_size=500)


def backup() -> Path:
    from django.utils import timezone

    from backups import making

    backup_id = uuid.uuid4()
    written = making.write(backup_id=backup_id, kind="manual", name="bench", at=timezone.now())
    return written.path


def verify(file: Path) -> None:
    from backups import keys, verifying

    assert verifying.verify(file, keys.own_opener()).depth == "full"


def restore(file: Path) -> None:
    from django.utils import timezone

    from backups import afterwards, keys, restores, wishes

    # People would be told one by one; what is measured is the rows.
    afterwards.tell = lambda *_, **__: None
    restores.NOTICE_SECONDS = 0
    wish = wishes.Wish(mode=wishes.REPLACE)
    with restores.opened(file, keys.own_opener()) as source:
        restores.carry_out(source, wish, by=None, name="bench", at=timezone.now())


def rehearse(file: Path) -> None:
    from backups import keys, restores, wishes

    with restores.opened(file, keys.own_opener()) as source:
        report = restores.rehearse(source, wishes.Wish(mode=wishes.MISSING))
    assert report.changes == 0, report.as_json()


def rows_in(file: Path) -> int:
    from vault.models import OtpEntry

    return OtpEntry.objects.count()


if __name__ == "__main__":
    sys.exit(main())

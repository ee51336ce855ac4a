"""Backups under fire: mutated files, killed processes, a writer that never rests."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from backups import (
    claims,
    container,
    content,
    drills,
    keys,
    making,
    pipeline,
    retention,
    rows,
)
from backups.models import Backup, BackupClaim
from backups.tests import tools
from backups.tests.test_container import mutate, refuses, written
from core import sealing
from tests.figures import rounds
from vault.models import OtpEntry

pytestmark = pytest.mark.figures


def tell(line: str) -> None:
    print(f"\n{line}")


ROOT = Path(__file__).resolve().parent.parent.parent


def test_no_mutated_file_is_taken() -> None:
    total = rounds(2_000, 100_000)
    small = written()
    large = written(random.Random(5).randbytes(2 * container.CHUNK_SIZE))
    chance, taken, started, longest = random.Random(11), 0, time.perf_counter(), 0.0
    for number in range(total):
        raw = large if number % 200 == 0 else small
        changed = mutate(raw, chance)
        if changed == raw:
            continue
        begun = time.perf_counter()
        taken += not refuses(changed)
        longest = max(longest, time.perf_counter() - begun)
    tell(
        f"{total} mutated files: {taken} taken, {time.perf_counter() - started:.0f} s,"
        f" longest {longest:.2f} s"
    )
    assert taken == 0


class WriterFigures(tools.BackupsTestCase):
    def test_every_backup_fits_together_while_somebody_writes(self) -> None:
        total, stop = rounds(3, 50), threading.Event()

        def hammer() -> None:
            while not stop.is_set():
                entry = tools.add_entry(self.alice, "Hammer")
                tools.add_category(self.alice, uuid.uuid4().hex, entry)
                OtpEntry.objects.filter(pk=entry.pk).update(counter=1)
                if random.random() < 0.3:
                    entry.delete()
            connections.close_all()

        thread = threading.Thread(target=hammer)
        thread.start()
        try:
            made = [tools.make_backup() for _ in range(total)]
        finally:
            stop.set()
            thread.join()
        for backup in made:
            counts = drills.drill(backup, keys.own_opener())
            assert counts == {table: backup.row_counts[table] for table in counts}
        tell(f"{total} backups beside a writer: all verified and restored, sums match")

    def test_nothing_is_lost_between_the_databases(self) -> None:
        """From here into SQLite and back into a database like this one, row by row."""
        for number in range(rounds(20, 2_000)):
            entry = tools.add_entry(self.alice, f"Issuer {number} ünï “”", counter=number)
            tools.add_category(self.alice, f"{number}", entry)
        retention.plan()
        before = self.everything()
        backup = tools.make_backup()
        OtpEntry.objects.all().delete()
        self.alice.categories.all().delete()

        tools.restore(backup, "replace", takes_backup_side=True)

        assert self.everything() == before
        way = f"{connection.vendor} → SQLite → {connection.vendor}"
        tell(f"{len(before)} rows, {way}: equal")

    def everything(self) -> list[object]:
        found: list[object] = []
        for model in content.in_order(content.stored_models()):
            if content.policy_of(model) != content.ROWS or model._meta.label.startswith("notif"):
                continue
            table = content.table(model)
            skip = table.columns.index("id") if table.is_link else -1
            for batch in rows.in_batches("default", model):
                found += [[model._meta.label, *row[:skip], *row[skip + 1 :]] if table.is_link
                          else [model._meta.label, *row] for row in batch]  # fmt: skip
        return sorted(found, key=str)


class KillFigures(tools.BackupsTestCase):
    """kill -9 at random moments of a backup and of a restore, in processes of their own."""

    def setUp(self) -> None:
        super().setUp()
        for number in range(300):
            tools.add_entry(self.alice, f"Issuer {number}", counter=number)

    def process(self, code: str, *arguments: str) -> subprocess.Popen[bytes]:
        database = connection.settings_dict
        environment = {
            **os.environ,
            "BENCH_DATABASE": str(database["NAME"]),
            "BENCH_BACKUPS": str(settings.BACKUP_DIRECTORY),
            "PYTHONWARNINGS": "ignore",
        }
        return subprocess.Popen(
            [sys.executable, "-c", PREAMBLE + code, *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def kill_somewhere(self, code: str, chance: random.Random, *arguments: str) -> bool:
        """Whether the process was killed before it had ended by itself."""
        process = self.process(code, *arguments)
        assert process.stdout is not None
        assert process.stdout.readline() == b"go\n", process.stderr and process.stderr.read()
        time.sleep(chance.random() * 0.5)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return process.returncode == -signal.SIGKILL

    def test_a_killed_backup_is_never_shown_as_good_and_is_finished_later(self) -> None:
        total, chance, killed = rounds(3, 200), random.Random(3), 0
        for _ in range(total):
            backup = pipeline.start("manual", at=timezone.now())
            killed += self.kill_somewhere(BACKUP, chance, str(backup.pk))
            backup.refresh_from_db()
            if backup.is_good:
                tools.rehearse(backup)
            later = timezone.now() + claims.LEASE
            claim = claims.take("backup", at=later)
            pipeline.run(backup, tick=claim.tick)
            claim.release()
            assert Backup.objects.get(pk=backup.pk).is_good
        assert not list(making.folder().glob("*.part*"))
        tell(f"{total} backups, {killed} killed: 0 corrupt ones shown as good, 0 stale claims")

    def test_a_killed_restore_is_all_or_nothing(self) -> None:
        total, chance = rounds(3, 200), random.Random(4)
        backup = tools.make_backup()
        ends = {"all": 0, "nothing": 0}
        for _ in range(total):
            OtpEntry.objects.all().delete()
            self.kill_somewhere(RESTORE, chance, str(pipeline.local_file(backup)))
            self.wait_for_rollback()
            count = OtpEntry.objects.count()
            assert count in {0, 300}, count
            ends["all" if count else "nothing"] += 1
            BackupClaim.objects.all().delete()
        tell(f"{total} restores killed: {ends['all']} whole, {ends['nothing']} undone, 0 half")

    def wait_for_rollback(self) -> None:
        # PostgreSQL notices a dead client a moment later.
        if connection.vendor != "postgresql":
            return
        deadline = time.monotonic() + 20
        query = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND state <> 'idle'"
        )
        while time.monotonic() < deadline:
            with connection.cursor() as cursor:
                cursor.execute(query)
                if not cursor.fetchone()[0]:
                    return
            time.sleep(0.05)


class MemoryFigures(tools.BackupsTestCase):
    def test_memory_does_not_grow_with_the_database(self) -> None:
        """Peak of this very process: it must hardly move while the rows grow tenfold."""
        peaks = []
        for size in (rounds(500, 10_000), rounds(5_000, 100_000)):
            self.grow_to(size)
            backup = tools.make_backup()
            tools.rehearse(backup)
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
        tell(f"peak memory at {peaks[0]} MB, with ten times the rows {peaks[1]} MB")
        assert peaks[1] - peaks[0] < 40

    def grow_to(self, size: int) -> None:
        one = tools.add_entry(self.alice, "Example")
        there = OtpEntry.objects.count()
        # Some at a time: the test's own objects shall not be what is measured.
        for start in range(there, size, 500):
            copies = []
            for _ in range(min(500, size - start)):
                copy = OtpEntry.objects.model(
                    owner=self.alice, issuer="Example", created_at=one.created_at,
                    updated_at=one.updated_at, sealed_secret=one.sealed_secret,
                )  # fmt: skip
                sealing.seal_field(copy, "sealed_secret", b"0123456789")
                copies.append(copy)
            OtpEntry.objects.bulk_create(copies)


PREAMBLE = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "authnode.test_settings"
import django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = os.environ["BENCH_DATABASE"]
from pathlib import Path
settings.BACKUP_DIRECTORY = Path(os.environ["BENCH_BACKUPS"])
django.setup()
from django.utils import timezone
from backups import claims, keys, maintenance, pipeline, restores, wishes
from backups.models import Backup
restores.NOTICE_SECONDS = 0
maintenance._ask = lambda deed: None
"""
BACKUP = """
backup = Backup.objects.get(pk=sys.argv[1])
claim = claims.take("backup", at=timezone.now())
print("go", flush=True)
pipeline.run(backup, tick=claim.tick)
claim.release()
"""
RESTORE = """
with restores.opened(Path(sys.argv[1]), keys.own_opener()) as source:
    print("go", flush=True)
    wish = wishes.Wish(mode="missing")
    restores.carry_out(source, wish, by=None, name="x", at=timezone.now())
"""

"""Opening files apart: in a job, in a process of its own, one at a time."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from imports import apart, child, pieces, services
from imports import head as heads
from imports.apart import LockedFile
from imports.models import ImportBatch, ImportPiece, ReadingSlot
from imports.services import opening
from imports.tests.making import given, links
from jobs.models import Job
from tests.base import TestCase, TransactionTestCase
from vault.formats import kdf, qr_sheet, qr_zip
from vault.formats.reading import Read
from vault.formats.refusals import FormatRefusal
from vault.tests import foreign
from vault.tests.foreign import PASSWORD
from vault.tests.making import account, picture

ROWS = [account(1), account(2, type="hotp", counter=4)]
MEMORY_MIB = 256


def read_one(content: bytes, kind: str, password: str | None = PASSWORD, **limits: Any) -> Any:
    file = LockedFile(content, kind, password)
    return apart.read([file], **{"memory_mib": MEMORY_MIB, **limits})[0]


class ProcessTests(TestCase):
    def test_opens_files_within_the_memory_it_has(self) -> None:
        files = [
            LockedFile(foreign.stratum(ROWS, PASSWORD), "stratum", PASSWORD),
            LockedFile(foreign.bitwarden(ROWS, PASSWORD, kdf=1), "bitwarden", PASSWORD),
            LockedFile(foreign.raivo_zip(ROWS), "zip", PASSWORD),
        ]

        answers = apart.read(files, memory_mib=MEMORY_MIB)

        assert [read.accounts for read in answers if isinstance(read, Read)] == [tuple(ROWS)] * 3

    def test_reads_pictures_in_a_zip_within_the_memory_it_has(self) -> None:
        labels = qr_sheet.labels_of(ROWS, qr_sheet.Words())
        large = foreign.zipped({"a.png": picture(size=(4900, 4900), kind="PNG")})

        plain = read_one(qr_zip.write(labels), "zip", None)
        sealed = read_one(qr_zip.write(labels, PASSWORD), "zip")
        nothing = read_one(large, "zip", None)

        assert plain.accounts == sealed.accounts == tuple(ROWS)
        assert nothing.accounts == () and len(nothing.refused) == 1

    def test_says_why_a_file_stays_closed(self) -> None:
        wrong = read_one(foreign.twofas(ROWS, PASSWORD), "2fas", "not it")
        bound = read_one(foreign.encoded({"encrypted": True, "items": []}), "bitwarden")

        assert (wrong.reason, bound.reason) == ("wrong password", "restricted")

    def test_refuses_more_memory_than_the_operator_allows(self) -> None:
        parameters = {"memLimit": 256 * child.MIB, "opsLimit": 2, "salt": foreign.b64(b"s" * 16)}
        content = foreign.encoded(
            {"version": 1, "kdfParams": parameters, "encryptedData": "AA==", "encryptionNonce": ""}
        )

        assert read_one(content, "ente").reason == "too much memory"

    def test_ends_a_process_that_takes_too_long(self) -> None:
        content = foreign.encoded(
            {
                "encrypted": True,
                "passwordProtected": True,
                "salt": "",
                "kdfType": 0,
                "kdfIterations": 9_999_999,
                "data": "2.a|b|c",
            }
        )
        started = time.monotonic()
        with mock.patch.object(apart, "LOOK_SECONDS", 0.2):
            answer = read_one(content, "bitwarden", seconds=1)

        assert answer.reason == "too expensive"
        assert time.monotonic() - started < 10

    def test_gives_the_process_nothing_of_the_site(self) -> None:
        with mock.patch.dict("os.environ", {"MASTER_KEY": "secret", "DATABASE_URL": "secret"}):
            environment = apart._environment()

        assert "secret" not in str(environment)

    def test_says_the_same_of_a_process_that_was_killed_or_ran_out(self) -> None:
        killed, ended = apart._answers(b"", 1, -9), apart._answers(b"", 1, 1)

        reasons = [row.reason for row in (*killed, *ended) if isinstance(row, FormatRefusal)]
        assert reasons == ["too expensive", "too much memory"]

    def test_limits_itself_before_it_reads(self) -> None:
        code = (
            "from imports import child; import resource; from vault.formats import kdf;"
            " child.limit(300, 7);"
            " print(*(resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS,"
            " resource.RLIMIT_CPU, resource.RLIMIT_CORE, resource.RLIMIT_FSIZE)),"
            " kdf.memory_ceiling)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=apart.ROOT, capture_output=True, text=True, check=True
        )

        memory, seconds, core, written, ceiling = map(int, done.stdout.split())
        assert (memory, seconds, core, written) == (300 * child.MIB, 7, 0, 0)
        assert 0 < ceiling < 270 * child.MIB
        assert kdf.memory_ceiling == kdf.MAX_ARGON2_BYTES
        assert resource.getrlimit(resource.RLIMIT_AS)[0] != 300 * child.MIB

    def test_loads_no_django(self) -> None:
        code = "import imports.child, sys; assert 'django' not in sys.modules"
        subprocess.run([sys.executable, "-c", code], cwd=apart.ROOT, check=True)


class JobTests(TestCase):
    def start(self, *contents: bytes) -> ImportBatch:
        files = [given(content, f"file {n}") for n, content in enumerate(contents)]
        return services.start(owner=self.alice, files=files, at=timezone.now())

    def open(self, batch: ImportBatch, **passwords: str) -> ImportBatch:
        numbered = {int(name[1:]): word for name, word in passwords.items()}
        with self.captureOnCommitCallbacks(execute=True):
            services.open_files(batch=batch, passwords=numbered, at=timezone.now())
        batch.refresh_from_db()
        return batch

    def test_waits_for_the_password_of_a_protected_file(self) -> None:
        batch = self.start(foreign.twofas(ROWS, PASSWORD), links(account(5)))

        assert batch.is_locked
        assert [row.needs_password for row in heads.load(batch).locked] == [True]

    def test_opens_the_file_and_shows_all(self) -> None:
        batch = self.start(foreign.twofas(ROWS, PASSWORD), links(account(5)))

        self.open(batch, n0=PASSWORD)

        assert batch.is_preview
        found = {row.account.secret for row in pieces.load_rows(batch)}
        assert found == {row.secret for row in (*ROWS, account(5))}
        assert not ImportPiece.objects.filter(kind=ImportPiece.Kind.FILE).exists()

    def test_waits_again_after_a_wrong_password(self) -> None:
        batch = self.start(foreign.twofas(ROWS, PASSWORD))

        self.open(batch, n0="not it")

        assert batch.is_locked
        assert heads.load(batch).failures == {"0": "wrong password"}
        self.open(batch, n0=PASSWORD)
        assert batch.is_preview

    def test_keeps_no_password(self) -> None:
        batch = self.start(foreign.twofas(ROWS, PASSWORD))

        self.open(batch, n0=PASSWORD)

        assert Job.objects.get(kind=opening.KIND).sealed_secret == ""

    def test_opens_a_database_apart_without_asking(self) -> None:
        content = sqlite_of_google()
        with self.captureOnCommitCallbacks(execute=True):
            batch = self.start(content)

        batch.refresh_from_db()
        assert batch.is_preview
        assert pieces.load_rows(batch)[0].account.issuer == "GitHub"

    def test_opens_no_file_twice_at_once(self) -> None:
        batch = self.start(foreign.twofas(ROWS, PASSWORD))
        services.open_files(batch=batch, passwords={0: PASSWORD}, at=timezone.now())

        with pytest.raises(services.OpeningIsOver):
            services.open_files(batch=batch, passwords={0: PASSWORD}, at=timezone.now())

    def test_leaves_an_import_alone_that_was_cancelled_meanwhile(self) -> None:
        batch = self.start(foreign.twofas(ROWS, PASSWORD))
        with self.captureOnCommitCallbacks(execute=True):
            services.open_files(batch=batch, passwords={0: PASSWORD}, at=timezone.now())
            services.cancel(batch=batch, at=timezone.now())

        assert not ImportBatch.objects.exists()
        assert Job.objects.get().state == Job.State.CANCELLED

    @override_settings(IMPORT_MEMORY_MIB=192)
    def test_obeys_the_memory_of_the_settings(self) -> None:
        seen = {}

        def read(files: Any, *, memory_mib: int, on_wait: Any) -> list[Any]:
            seen["memory"] = memory_mib
            return [FormatRefusal("too much memory")]

        batch = self.start(foreign.twofas(ROWS, PASSWORD))
        with mock.patch.object(apart, "read", read):
            self.open(batch, n0=PASSWORD)

        assert seen == {"memory": 192}
        assert heads.load(batch).failures == {"0": "too much memory"}

    def test_lets_a_lost_job_be_tried_again(self) -> None:
        batch = self.start(foreign.twofas(ROWS, PASSWORD))
        services.open_files(batch=batch, passwords={0: PASSWORD}, at=timezone.now())

        services.give_up(batch=batch)

        batch.refresh_from_db()
        assert batch.is_locked


class SlotTests(TransactionTestCase):
    def test_gives_the_place_to_one_of_many(self) -> None:
        now = timezone.now()
        ReadingSlot.objects.create(name=opening.SLOT, held_until=now)

        def take(_: int) -> bool:
            try:
                return opening.take_slot(uuid4(), at=now)
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(take, range(16))) == 1

    def test_frees_the_place_at_the_end_or_after_its_time(self) -> None:
        first, second, now = uuid4(), uuid4(), timezone.now()

        assert opening.take_slot(first, at=now)
        assert opening.take_slot(first, at=now)
        assert not opening.take_slot(second, at=now)
        opening.release_slot(first, at=now)
        assert opening.take_slot(second, at=now)
        assert opening.take_slot(first, at=now + opening.SLOT_TIME + timedelta(seconds=1))


def sqlite_of_google() -> bytes:
    made = sqlite3.connect(":memory:")
    made.execute("CREATE TABLE accounts (email TEXT, secret TEXT, counter INT, type INT, issuer)")
    made.execute(
        "INSERT INTO accounts VALUES (?, ?, 0, 0, ?)",
        ("GitHub:ada", foreign.base32(account(1)), "GitHub"),
    )
    made.commit()
    content = made.serialize()
    made.close()
    return content

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from imports import apart, pieces
from imports import head as heads
from imports.apart import Answer, LockedFile
from imports.models import ImportBatch, ReadingSlot
from imports.refusals import ImportRefusal, TooManyRows
from imports.services.previewing import show_rows
from jobs import services as jobs
from vault.formats.reading import Read
from vault.formats.refusals import FormatRefusal

KIND = "import-reading"
SLOT = "reading"
# Longer than one reading may last, so that no reading outlives its slot.
SLOT_TIME = timedelta(seconds=apart.MOST_SECONDS + 60)
PATIENCE_SECONDS = 30.0
LOOK_SECONDS = 0.25
TRY_AGAIN_IN = timedelta(seconds=5)
# Each waits for half a minute before it comes to wait in the queue again.
MOST_ATTEMPTS = 30


class OpeningIsOver(ImportRefusal):
    sentence = _("These files are being opened already, or are no longer there.")


def open_files(*, batch: ImportBatch, passwords: Mapping[int, str], at: datetime) -> None:
    """Have the locked files opened in the background, with the passwords by their numbers."""
    with transaction.atomic():
        waiting = ImportBatch.objects.waiting(at).filter(pk=batch.pk)
        if (
            waiting.filter(state=ImportBatch.State.LOCKED).update(state=ImportBatch.State.READING)
            != 1
        ):
            raise OpeningIsOver
        secret = json.dumps({str(number): word for number, word in passwords.items()}).encode()
        job = jobs.enqueue(
            KIND,
            subject=batch.pk,
            owner=batch.owner_id,
            secret=secret,
            max_attempts=MOST_ATTEMPTS,
            at=at,
        )
        batch.state, batch.job = ImportBatch.State.READING, job.pk
        batch.save(update_fields=["job"])


def read_batch(run: jobs.Run) -> None:
    """The job: open the files one after another, one reading at a time on all machines."""
    now = timezone.now()
    batch = ImportBatch.objects.waiting(now).filter(pk=run.subject, job=run.job_id).first()
    if batch is None or not batch.is_reading:
        return
    passwords = json.loads(run.secret())
    reads, files = pieces.load_files(batch)
    locked = [
        LockedFile(file.content, file.format, passwords.get(str(number)))
        for number, file in enumerate(files)
    ]
    _wait_for_slot(run)
    try:
        answers = _read_all(run, locked)
    finally:
        release_slot(run.job_id, at=timezone.now())
    _take_answers(batch, reads, locked, answers)


def _read_all(run: jobs.Run, locked: list[LockedFile]) -> list[Answer]:
    def keep_the_job() -> None:
        run.renew()
        if run.is_cancelled():
            raise jobs.Cancelled

    answers: list[Answer] = []
    for number, file in enumerate(locked):
        run.report(number, len(locked))
        if not take_slot(run.job_id, at=timezone.now()):
            raise jobs.Postpone(TRY_AGAIN_IN)
        answers += apart.read([file], memory_mib=settings.IMPORT_MEMORY_MIB, on_wait=keep_the_job)
    return answers


def _take_answers(
    batch: ImportBatch,
    reads: list[tuple[str, Read]],
    locked: list[LockedFile],
    answers: list[Answer],
) -> None:
    head = heads.load(batch)
    failures = {
        str(number): answer.reason
        for number, answer in enumerate(answers)
        if isinstance(answer, FormatRefusal)
    }
    opened = [
        (file.format, answer)
        for file, answer in zip(locked, answers, strict=True)
        if isinstance(answer, Read)
    ]
    with transaction.atomic():
        # Cancelled or expired meanwhile: then nothing of it is kept.
        mine = ImportBatch.objects.select_for_update().filter(pk=batch.pk, job=batch.job)
        if mine.filter(state=ImportBatch.State.READING).first() is None:
            return
        if not failures and any(read.accounts for _name, read in [*reads, *opened]):
            try:
                show_rows(batch, [*reads, *opened], head)
            except TooManyRows:
                failures = {"0": "too many"}
            else:
                return
        head.failures = failures or {"0": "nothing inside"}
        heads.save(batch, head)
        batch.state, batch.job = ImportBatch.State.LOCKED, None
        batch.save(update_fields=["state", "job", "sealed_head"])


def take_slot(holder: UUID, *, at: datetime) -> bool:
    """Take or keep the one place in which files are opened."""
    ReadingSlot.objects.get_or_create(name=SLOT, defaults={"held_until": at})
    mine = ReadingSlot.objects.filter(name=SLOT, holder=holder, held_until__gt=at)
    free = ReadingSlot.objects.filter(name=SLOT, held_until__lte=at)
    until = at + SLOT_TIME
    return bool(mine.update(held_until=until) or free.update(holder=holder, held_until=until))


def release_slot(holder: UUID, *, at: datetime) -> None:
    ReadingSlot.objects.filter(name=SLOT, holder=holder).update(held_until=at)


def _wait_for_slot(run: jobs.Run) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not take_slot(run.job_id, at=timezone.now()):
        if time.monotonic() > until:
            raise jobs.Postpone(TRY_AGAIN_IN, code="waits", sentence="Other files come first.")
        if run.is_cancelled():
            raise jobs.Cancelled
        time.sleep(LOOK_SECONDS)


def give_up(*, batch: ImportBatch) -> None:
    """Let files be opened anew whose job has ended without an answer."""
    lost = ImportBatch.objects.filter(pk=batch.pk, state=ImportBatch.State.READING, job=batch.job)
    lost.update(state=ImportBatch.State.LOCKED, job=None)

"""Exports: counted, recorded, told, and handed out once.

Small ones are made while somebody waits; PDFs and large ones by a worker, whose result lies sealed
in the database for ten minutes at most and can be fetched once.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from audit import events
from audit import services as audit
from core import allowances, sealing
from exports import making
from exports.choosing import Choice, Gathered
from exports.models import Export, ExportChunk
from jobs import services as jobs
from jobs.models import Job
from notifications import services as notifications
from vault.models import Category

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    from accounts.models import User

logger = logging.getLogger(__name__)

JOB_KIND = "export"
PER_HOUR = 10
MOST_AT_ONCE = 200
KEPT_FOR = timedelta(minutes=10)
# How long a worker may take, with a job in the queue before it.
MAKING_FOR = timedelta(minutes=15)
ATTEMPTS = 2
CHUNK_BYTES = 512 * 1024


class ExportRefused(Exception):
    """The base of the refusals here; `sentence` says why to the person."""

    sentence: ClassVar[StrPromise]

    def __str__(self) -> str:
        return str(self.sentence)


class TooManyExports(ExportRefused):
    sentence = _("Ten exports within an hour is the limit. Try again later.")

    def __init__(self, retry_at: datetime) -> None:
        super().__init__(retry_at)
        self.retry_at = retry_at


class NothingToExport(ExportRefused):
    sentence = _("None of the chosen codes fits this format. Choose others, or another format.")


class AlreadyMaking(ExportRefused):
    sentence = _("An export is being made already. Fetch or cancel that one first.")


class ExportGone(ExportRefused):
    sentence = _("This export was fetched, cancelled or has expired. Make a new one.")


def is_large(choice: Choice, count: int) -> bool:
    """Whether a worker makes it, because somebody would wait too long for it."""
    return choice.kind.is_slow or count > MOST_AT_ONCE


def begin(
    owner: User,
    choice: Choice,
    gathered: Gathered,
    *,
    is_protected: bool,
    with_notes: bool = False,
    at: datetime,
) -> None:
    """Count, record and announce an export before a byte of it leaves; raises ExportRefused."""
    if not gathered.accounts:
        raise NothingToExport
    try:
        allowances.claim("export", str(owner.pk), limit=PER_HOUR, per=timedelta(hours=1), at=at)
    except allowances.Spent as spent:
        audit.record(
            events.EXPORT_REFUSED, user=owner.pk, facts={"reason": "too many exports"}, at=at
        )
        raise TooManyExports(spent.retry_at) from None
    tell(owner, choice, len(gathered.accounts), is_protected, with_notes=with_notes, at=at)


def tell(
    owner: User,
    choice: Choice,
    count: int,
    is_protected: bool,
    *,
    with_notes: bool = False,
    by: str = "user",
    at: datetime,
) -> None:
    """Record an export and tell its owner."""
    words = {"format": str(choice.kind.title), "count": str(count)}
    with transaction.atomic():
        audit.record(
            events.EXPORT_MADE if is_protected else events.EXPORT_MADE_PLAIN,
            user=owner.pk,
            details=words,
            facts={
                "format": choice.format,
                "count": count,
                "protected": is_protected,
                "with_notes": with_notes,
                "by": by,
            },
            at=at,
        )
        kind = "exported" if is_protected else "exported_plain"
        notifications.notify(owner, kind, params=words, at=at)


def make_now(
    owner: User, choice: Choice, gathered: Gathered, *, password: str | None, at: datetime
) -> making.Made:
    """The file itself, for an export that `begin` has let pass."""
    names = category_names(owner) if choice.format == "authnode" else []
    return making.make(choice, gathered.accounts, password=password, categories=names, at=at)


def enqueue(
    owner: User, choice: Choice, gathered: Gathered, *, password: str | None, at: datetime
) -> Export:
    """Let a worker make the file; raises AlreadyMaking. The password lies sealed in the job."""
    export = Export(
        owner=owner,
        format=choice.format,
        is_protected=password is not None,
        count=len(gathered.accounts),
        media_type=making.media_type(choice, is_protected=password is not None),
        file_name=making.file_name(choice, is_protected=password is not None, at=at),
        created_at=at,
        expires_at=at + MAKING_FOR,
    )
    sealing.seal_field(export, "sealed_choice", choice.as_json())
    try:
        with transaction.atomic():
            # The row first: the job needs its id, and a second export at once stops here.
            export.save(force_insert=True)
            job = jobs.enqueue(
                JOB_KIND,
                subject=export.pk,
                owner=owner.pk,
                secret=password.encode() if password is not None else None,
                max_attempts=ATTEMPTS,
                at=at,
            )
            Export.objects.filter(pk=export.pk).update(job_id=job.pk)
    except IntegrityError:
        raise AlreadyMaking from None
    export.job_id = job.pk
    return export


def check_none_in_the_making(owner: User, *, at: datetime) -> None:
    """Raises AlreadyMaking; what failed or was given up makes room."""
    for export in Export.objects.for_owner(owner).filter(made_at=None):
        job = job_of(export)
        if export.expires_at > at and job is not None and not job.has_ended:
            raise AlreadyMaking
        export.delete()


def job_of(export: Export) -> Job | None:
    return Job.objects.filter(pk=export.job_id).first() if export.job_id else None


def keep(export_id: UUID, pieces: Iterator[bytes]) -> int:
    """Lay the file down in sealed chunks; the answer is its size."""
    ExportChunk.objects.filter(export=export_id).delete()
    held, size, number = bytearray(), 0, 0
    for piece in pieces:
        held += piece
        while len(held) >= CHUNK_BYTES:
            _keep_chunk(export_id, number, bytes(held[:CHUNK_BYTES]))
            del held[:CHUNK_BYTES]
            size, number = size + CHUNK_BYTES, number + 1
    _keep_chunk(export_id, number, bytes(held))
    return size + len(held)


def finish(export_id: UUID, *, size: int, at: datetime) -> None:
    """The file is whole: from now on it can be fetched for ten minutes."""
    Export.objects.filter(pk=export_id, made_at=None).update(
        made_at=at, size=size, expires_at=at + KEPT_FOR
    )


def take(export: Export, *, at: datetime) -> Iterator[bytes]:
    """The file, this once; raises ExportGone. Its rows are gone when the last byte is."""
    own = Export.objects.waiting_for_download(at).filter(pk=export.pk)
    with transaction.atomic():
        if own.update(taken_at=at) != 1:
            raise ExportGone
        audit.record(
            events.EXPORT_FETCHED, user=export.owner_id, facts={"format": export.format}, at=at
        )
    return _hand_out(export.pk)


def cancel(export: Export, *, at: datetime) -> None:
    """Stop making it, or throw away what was made; raises ExportGone."""
    with transaction.atomic():
        if not Export.objects.filter(pk=export.pk, taken_at=None).delete()[0]:
            raise ExportGone
        audit.record(
            events.EXPORT_CANCELLED, user=export.owner_id, facts={"format": export.format}, at=at
        )
    if export.job_id is not None:
        jobs.cancel(export.job_id, at=at)


def forget_expired(*, at: datetime) -> int:
    """Delete what was not fetched in time; the answer is how many."""
    rows = list(Export.objects.expired(at).values_list("pk", flat=True))
    Export.objects.filter(pk__in=rows).delete()
    return len(rows)


def category_names(owner: User) -> list[str]:
    return [row.name for row in Category.objects.for_owner(owner).in_order()]


def _keep_chunk(export_id: UUID, number: int, content: bytes) -> None:
    chunk = ExportChunk(export_id=export_id, number=number)
    sealing.seal_field(chunk, "sealed_content", content)
    chunk.save(force_insert=True)


def _hand_out(export_id: UUID) -> Iterator[bytes]:
    # One chunk at a time: the file as a whole is never in memory.
    numbers = list(
        ExportChunk.objects.filter(export=export_id).order_by("number").values_list("pk", flat=True)
    )
    try:
        for pk in numbers:
            chunk = ExportChunk.objects.get(pk=pk)
            yield sealing.open_field(chunk, "sealed_content")
    finally:
        Export.objects.filter(pk=export_id).delete()

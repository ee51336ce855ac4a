from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from django.db import transaction

from imports import head as heads
from imports import pieces
from imports.files import GivenFile, Looked, look
from imports.head import Head, LockedName
from imports.models import ImportBatch
from imports.services.forgetting import forget_unfinished
from imports.services.opening import open_files
from imports.services.previewing import show_rows
from vault.refusals import sentence_for

if TYPE_CHECKING:
    from accounts.models import User

# Nothing that was handed in is kept longer before it is imported.
KEPT_FOR = timedelta(minutes=15)


class NothingToImport(Exception):
    """None of the files held an account; `reasons` says why, file by file."""

    def __init__(self, reasons: list[tuple[str, str]]) -> None:
        super().__init__("There is nothing to import.")
        self.reasons = reasons


def start(*, owner: User, files: Sequence[GivenFile], at: datetime) -> ImportBatch:
    """Look at files and keep what they hold, sealed, for a preview or until a password comes."""
    looked = look(files)
    if not looked.has_accounts and not looked.locked:
        raise NothingToImport(_reasons(looked))
    head = _head(looked, files)
    batch = ImportBatch(
        id=uuid4(),
        owner=owner,
        state=ImportBatch.State.LOCKED,
        created_at=at,
        expires_at=at + KEPT_FOR,
    )
    heads.save(batch, head)
    with transaction.atomic():
        forget_unfinished(owner=owner, at=at)
        batch.save(force_insert=True)
        if not looked.locked:
            show_rows(batch, looked.reads, head)
        else:
            pieces.save_files(batch, reads=looked.reads, files=looked.locked)
            if not any(file.needs_password for file in looked.locked):
                open_files(batch=batch, passwords={}, at=at)
    return batch


def _head(looked: Looked, files: Sequence[GivenFile]) -> Head:
    return Head(
        names=[file.name for file in files],
        locked=[LockedName(row.name, row.format, row.needs_password) for row in looked.locked],
        refused_files=[(row.name, str(row.sentence)) for row in looked.refused],
    )


def _reasons(looked: Looked) -> list[tuple[str, str]]:
    whole = [(row.name, str(row.sentence)) for row in looked.refused]
    single = [
        (row.label, str(sentence_for(row.reason.reason)))
        for _name, read in looked.reads
        for row in read.refused
    ]
    return [*whole, *single]

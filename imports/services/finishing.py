from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction

from audit import events
from audit import services as audit
from core import sealing
from imports import head as heads
from imports import pieces
from imports.head import Head
from imports.models import ImportBatch, ImportedEntry
from imports.pieces import ADD, DUPLICATE, NEW, REPLACE, SKIP, Row
from imports.refusals import NothingChosen
from imports.services.choosing import hold
from imports.services.noting import keep_notes
from imports.services.previewing import judge
from vault import qr
from vault import services as vault
from vault.formats.account import OtpAccount
from vault.models import OtpEntry

UNDO_FOR = timedelta(days=7)
PICTURE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did. `guarding` are codes that this very site asks for at the sign-in."""

    added: list[OtpEntry]
    replaced: list[OtpEntry]
    guarding: list[OtpEntry]


def import_batch(*, batch: ImportBatch, at: datetime) -> Imported:
    """Import what was chosen, all or nothing; raises ImportGone or NothingChosen."""
    with transaction.atomic():
        hold(batch, at)
        vault.hold_vault(batch.owner_id)
        head = heads.load(batch)
        rows = _decided(batch)
        accounts = [_mapped(row.account, head) for row in rows if row.decision == ADD]
        if not any(row.decision != SKIP for row in rows):
            raise NothingChosen
        known = vault.category_ids(batch.owner)
        added = vault.add_decided(owner=batch.owner, accounts=accounts, at=at)
        batch.new_categories = [str(key) for key in vault.category_ids(batch.owner) - known]
        replaced = _replace(batch, [row for row in rows if row.decision == REPLACE], head, at)
        _record_entries(batch, added, replaced)
        if head.takes_notes:
            batch.note_count = keep_notes(accounts, added, at=at)
        _draw_pictures(accounts, added, at)
        _finish(batch, head, added=len(added), replaced=len(replaced), at=at)
        guards = vault.guarding(owner=batch.owner, entries=added, accounts=accounts)
    return Imported(added, [entry for entry, _former in replaced], guards)


def _decided(batch: ImportBatch) -> list[Row]:
    """The rows, judged anew: the vault may have changed since they were looked at."""
    before = pieces.load_rows(batch)
    statuses = [row.status for row in before]
    rows = judge(batch.owner, before)
    for row, status in zip(rows, statuses, strict=True):
        if row.decision == ADD and status == NEW and row.status == DUPLICATE:
            # Added by another way meanwhile: nobody has said to keep both.
            row.decision = SKIP
        if row.decision == REPLACE and row.twin is None:
            row.decision = ADD
    return rows


def _mapped(account: OtpAccount, head: Head) -> OtpAccount:
    names = [head.groups.get(name, name) for name in account.categories]
    return replace(account, categories=tuple(dict.fromkeys(filter(None, names))))


def _replace(
    batch: ImportBatch, rows: Sequence[Row], head: Head, at: datetime
) -> list[tuple[OtpEntry, bytes]]:
    twins = (
        OtpEntry.objects.for_owner(batch.owner)
        .live()
        .in_bulk([row.twin for row in rows if row.twin])
    )
    done: dict[object, tuple[OtpEntry, bytes]] = {}
    for row in rows:
        entry = twins.get(row.twin) if row.twin else None
        # The same secret twice in one file: the first one has replaced it.
        if entry is not None and entry.pk not in done:
            former = vault.overwrite(entry=entry, account=_mapped(row.account, head), at=at)
            done[entry.pk] = (entry, former)
    return list(done.values())


def _record_entries(
    batch: ImportBatch, added: Sequence[OtpEntry], replaced: Sequence[tuple[OtpEntry, bytes]]
) -> None:
    rows = [ImportedEntry(id=uuid4(), batch=batch, entry=entry) for entry in added]
    for entry, former in replaced:
        row = ImportedEntry(id=uuid4(), batch=batch, entry=entry)
        sealing.seal_field(row, "sealed_former", former)
        rows.append(row)
    ImportedEntry.objects.bulk_create(rows, batch_size=200)


def _draw_pictures(accounts: Sequence[OtpAccount], added: Sequence[OtpEntry], at: datetime) -> None:
    """Draw the pictures of entries anew; one that is none is left out.

    A small file may hold many pictures that are large once decoded: the last ones are left out.
    """
    until = time.monotonic() + PICTURE_SECONDS
    for account, entry in zip(accounts, added, strict=True):
        if account.picture and time.monotonic() < until:
            with contextlib.suppress(qr.PictureRefusal):
                vault.set_icon(entry=entry, picture=account.picture, at=at)


def _finish(batch: ImportBatch, head: Head, *, added: int, replaced: int, at: datetime) -> None:
    batch.state = ImportBatch.State.IMPORTED
    batch.added_count, batch.replaced_count = added, replaced
    batch.imported_at, batch.expires_at = at, at + UNDO_FOR
    heads.save(batch, head)
    batch.save()
    pieces.forget(batch)
    audit.record(
        events.IMPORT_FINISHED,
        user=batch.owner_id,
        details={"count": str(added + replaced)},
        facts={
            "import": str(batch.pk),
            "formats": batch.formats,
            "added": added,
            "replaced": replaced,
        },
        at=at,
    )

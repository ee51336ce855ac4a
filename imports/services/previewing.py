from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import transaction

from imports import head as heads
from imports import pieces
from imports.head import Head
from imports.models import ImportBatch
from imports.pieces import DUPLICATE, NEW, SKIP, TWICE, Row
from imports.refusals import TooManyRows
from vault import services as vault
from vault.formats.reading import Read

if TYPE_CHECKING:
    from accounts.models import User

MOST_ROWS = 10_000
MOST_REFUSED = 1_000
MOST_GROUPS = 200
# The notes of a password manager may hold other secrets than those of its second factors.
FORMATS_WITH_FOREIGN_NOTES = frozenset({"bitwarden", "csv"})


def show_rows(batch: ImportBatch, reads: Sequence[tuple[str, Read]], head: Head) -> None:
    """Turn readings into the rows of a preview; raises TooManyRows."""
    accounts = [account for _name, read in reads for account in read.accounts]
    if len(accounts) > MOST_ROWS:
        raise TooManyRows
    rows = judge(batch.owner, [Row(account, NEW) for account in accounts])
    for row in rows:
        if row.status != NEW:
            row.decision = SKIP
    _describe(head, reads, rows)
    batch.formats = " ".join(dict.fromkeys(name for name, _read in reads))[:200]
    batch.row_count = len(rows)
    batch.state = ImportBatch.State.PREVIEW
    heads.save(batch, head)
    with transaction.atomic():
        pieces.forget(batch)
        pieces.save_rows(batch, rows)
        batch.save()


def judge(owner: User, rows: list[Row]) -> list[Row]:
    """Say of each row whether its secret is in the vault already, or earlier in these rows."""
    known = vault.entries_by_secret(owner)
    seen: set[bytes] = set()
    for row in rows:
        twin = known.get(row.account.secret)
        row.twin = twin.pk if twin else None
        if twin is not None:
            row.status = DUPLICATE
        else:
            row.status = TWICE if row.account.secret in seen else NEW
        seen.add(row.account.secret)
    return rows


def _describe(head: Head, reads: Sequence[tuple[str, Read]], rows: Sequence[Row]) -> None:
    refused = [(row.label, row.reason.reason) for _name, read in reads for row in read.refused]
    named = [name for _name, read in reads for name in read.groups]
    named += [name for row in rows for name in row.account.categories]
    head.refused = refused[:MOST_REFUSED]
    head.missing = [
        (part.size, list(part.indices)) for _name, read in reads for part in read.missing
    ]
    head.groups = {name: name for name in list(dict.fromkeys(named))[:MOST_GROUPS]}
    head.counts = dict(Counter(row.status for row in rows))
    head.has_notes = any(row.account.has_note for row in rows)
    head.takes_notes = not any(name in FORMATS_WITH_FOREIGN_NOTES for name, _read in reads)
    head.locked, head.failures = [], {}

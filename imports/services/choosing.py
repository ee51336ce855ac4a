from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from imports import head as heads
from imports import pieces
from imports.models import ImportBatch
from imports.pieces import ADD, DUPLICATE, PAGE_ROWS, REPLACE, SKIP, Row
from imports.refusals import ImportGone

FOR_ALL = (ADD, SKIP, REPLACE)


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chose on one page of the preview.

    `chosen` holds the places of ticked rows on the page, `decisions` what is to become of
    duplicates; `for_all` is one decision for every duplicate of the import.
    """

    chosen: Collection[int] = ()
    decisions: Mapping[int, str] = field(default_factory=dict)
    for_all: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)
    takes_notes: bool | None = None


def page_count(batch: ImportBatch) -> int:
    return max(1, -(-batch.row_count // PAGE_ROWS))


def choose(*, batch: ImportBatch, page: int, choices: Choices, at: datetime) -> None:
    """Keep the choices of one page (from 0); raises ImportGone."""
    with transaction.atomic():
        hold(batch, at)
        rows = pieces.load_page(batch, page)
        for place, row in enumerate(rows):
            row.decision = _decision(row, place, choices)
        pieces.save_page(batch, page, rows)
        if choices.for_all in FOR_ALL:
            _decide_all(batch, choices.for_all)
        head = heads.load(batch)
        head.groups = {
            name: choices.groups.get(name, target) for name, target in head.groups.items()
        }
        if choices.takes_notes is not None:
            head.takes_notes = choices.takes_notes
        heads.save(batch, head)
        batch.save(update_fields=["sealed_head"])


def hold(batch: ImportBatch, at: datetime) -> None:
    """Lock an import that can be looked at, until the transaction ends; raises ImportGone."""
    mine = ImportBatch.objects.select_for_update().waiting(at)
    held = mine.filter(pk=batch.pk, state=ImportBatch.State.PREVIEW).first()
    if held is None:
        raise ImportGone
    batch.sealed_head = held.sealed_head


def _decision(row: Row, place: int, choices: Choices) -> str:
    if row.status != DUPLICATE:
        return ADD if place in choices.chosen else SKIP
    wanted = choices.decisions.get(place, row.decision)
    return wanted if wanted in FOR_ALL else SKIP


def _decide_all(batch: ImportBatch, decision: str) -> None:
    for number in range(page_count(batch)):
        rows = pieces.load_page(batch, number)
        for row in rows:
            if row.status == DUPLICATE:
                row.decision = decision
        pieces.save_page(batch, number, rows)

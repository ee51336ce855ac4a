"""The sealed pieces of an import: files that wait for a password, and pages of accounts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from core import sealing
from imports import packing
from imports.files import GivenFile
from imports.models import ImportBatch, ImportPiece
from vault.formats.account import OtpAccount
from vault.formats.reading import Read

PIECE_BYTES = 256 * 1024
PAGE_ROWS = 100
LENGTH_BYTES = 8

NEW, DUPLICATE, TWICE = "new", "duplicate", "twice"
ADD, SKIP, REPLACE = "add", "skip", "replace"


@dataclass(slots=True)
class Row:
    """One account of an import: whether it is known already, and what is to become of it."""

    account: OtpAccount
    status: str
    # The entry that holds the same secret.
    twin: UUID | None = None
    decision: str = ADD


def save_rows(batch: ImportBatch, rows: Sequence[Row]) -> None:
    """Write all pages, each of them one sealed piece."""
    pages = [rows[start : start + PAGE_ROWS] for start in range(0, len(rows), PAGE_ROWS)]
    _write(batch, ImportPiece.Kind.ROWS, (_pack_page(page) for page in pages))


def load_page(batch: ImportBatch, number: int) -> list[Row]:
    """The rows of one page, from 0."""
    piece = batch.pieces.filter(kind=ImportPiece.Kind.ROWS, number=number).first()
    return _unpack_page(piece) if piece else []


def load_rows(batch: ImportBatch) -> list[Row]:
    pieces = batch.pieces.filter(kind=ImportPiece.Kind.ROWS).order_by("number")
    return [row for piece in pieces for row in _unpack_page(piece)]


def save_page(batch: ImportBatch, number: int, rows: Sequence[Row]) -> None:
    piece = batch.pieces.filter(kind=ImportPiece.Kind.ROWS, number=number).first()
    if piece is not None:
        sealing.seal_field(piece, "sealed_content", _pack_page(rows))
        piece.save(update_fields=["sealed_content"])


def save_files(
    batch: ImportBatch, *, reads: Sequence[tuple[str, Read]], files: Sequence[GivenFile]
) -> None:
    """Keep the files that wait for a password, and what the others beside them held."""
    head = packing.to_json(
        {
            "reads": [[name, packing.pack_read(read)] for name, read in reads],
            "files": [[file.name, file.format, len(file.content)] for file in files],
        }
    )
    whole = len(head).to_bytes(LENGTH_BYTES) + head + b"".join(file.content for file in files)
    starts = range(0, len(whole), PIECE_BYTES)
    _write(batch, ImportPiece.Kind.FILE, (whole[at : at + PIECE_BYTES] for at in starts))


def load_files(batch: ImportBatch) -> tuple[list[tuple[str, Read]], list[GivenFile]]:
    pieces = batch.pieces.filter(kind=ImportPiece.Kind.FILE).order_by("number")
    whole = b"".join(sealing.open_field(piece, "sealed_content") for piece in pieces)
    at = LENGTH_BYTES + int.from_bytes(whole[:LENGTH_BYTES])
    head = json.loads(whole[LENGTH_BYTES:at])
    reads = [(name, packing.unpack_read(packed)) for name, packed in head["reads"]]
    files = []
    for name, kind, length in head["files"]:
        files.append(GivenFile(name, whole[at : at + length], kind, is_locked=True))
        at += length
    return reads, files


def forget(batch: ImportBatch, kind: str | None = None) -> None:
    pieces = batch.pieces.filter(kind=kind) if kind else batch.pieces.all()
    pieces.delete()


def _write(batch: ImportBatch, kind: str, contents: Iterable[bytes]) -> None:
    ImportPiece.objects.bulk_create(_new_pieces(batch, kind, contents), batch_size=20)


def _new_pieces(batch: ImportBatch, kind: str, contents: Iterable[bytes]) -> Iterator[ImportPiece]:
    for number, content in enumerate(contents):
        piece = ImportPiece(id=uuid4(), batch=batch, kind=kind, number=number)
        sealing.seal_field(piece, "sealed_content", content)
        yield piece


def _pack_page(rows: Sequence[Row]) -> bytes:
    return packing.to_json([_pack_row(row) for row in rows])


def _pack_row(row: Row) -> list[Any]:
    twin = str(row.twin) if row.twin else None
    return [packing.pack_account(row.account), row.status, twin, row.decision]


def _unpack_page(piece: ImportPiece) -> list[Row]:
    return [
        Row(packing.unpack_account(packed), status, UUID(twin) if twin else None, decision)
        for packed, status, twin, decision in json.loads(
            sealing.open_field(piece, "sealed_content")
        )
    ]

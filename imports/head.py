"""What an import knows besides its accounts, sealed in one column of its row."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from core import sealing
from imports import packing
from imports.models import ImportBatch


@dataclass(slots=True)
class LockedName:
    """A file that is opened apart, as the page names it."""

    name: str
    format: str
    needs_password: bool


@dataclass(slots=True)
class Head:
    names: list[str] = field(default_factory=list)
    locked: list[LockedName] = field(default_factory=list)
    # Label and reason of entries; name and sentence of whole files.
    refused: list[tuple[str, str]] = field(default_factory=list)
    refused_files: list[tuple[str, str]] = field(default_factory=list)
    # Size of an export in parts, and the parts (from 0) that are not there.
    missing: list[tuple[int, list[int]]] = field(default_factory=list)
    # Group of the file, and the category it becomes; "" for none.
    groups: dict[str, str] = field(default_factory=dict)
    takes_notes: bool = True
    has_notes: bool = False
    # How many rows are new, in the vault already, or twice in the files.
    counts: dict[str, int] = field(default_factory=dict)
    # Of the last attempt to open the files: number of the file and reason.
    failures: dict[str, str] = field(default_factory=dict)


def save(batch: ImportBatch, head: Head) -> None:
    """Seal the head into its row, which is not written yet."""
    sealing.seal_field(batch, "sealed_head", packing.to_json(asdict(head)))


def load(batch: ImportBatch) -> Head:
    parts = json.loads(sealing.open_field(batch, "sealed_head"))
    parts["locked"] = [LockedName(**row) for row in parts["locked"]]
    for name in ("refused", "refused_files", "missing"):
        parts[name] = [tuple(row) for row in parts[name]]
    return Head(**parts)

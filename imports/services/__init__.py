"""The deeds of an import: start, open, choose, import, undo, forget."""

from __future__ import annotations

from imports.services.choosing import Choices, choose, page_count
from imports.services.finishing import import_batch
from imports.services.forgetting import cancel, forget_expired
from imports.services.opening import OpeningIsOver, give_up, open_files
from imports.services.starting import KEPT_FOR, NothingToImport, start
from imports.services.undoing import UNDO_FOR, undo

__all__ = [
    "KEPT_FOR",
    "UNDO_FOR",
    "Choices",
    "NothingToImport",
    "OpeningIsOver",
    "cancel",
    "choose",
    "forget_expired",
    "give_up",
    "import_batch",
    "open_files",
    "page_count",
    "start",
    "undo",
]

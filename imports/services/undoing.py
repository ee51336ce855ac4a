from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from audit import events
from audit import services as audit
from core import sealing
from imports.models import ImportBatch
from imports.refusals import CannotBeUndone
from imports.services.finishing import UNDO_FOR
from vault import services as vault

__all__ = ["UNDO_FOR", "undo"]


def undo(*, batch: ImportBatch, at: datetime) -> int:
    """Take a whole import back: what it added goes to the trash, what it changed is as before.

    The answer is the number of entries. Raises CannotBeUndone.
    """
    with transaction.atomic():
        undone = ImportBatch.objects.undoable(at).filter(pk=batch.pk)
        if undone.update(state=ImportBatch.State.UNDONE, undone_at=at) != 1:
            raise CannotBeUndone
        vault.hold_vault(batch.owner_id)
        added = list(batch.entries.filter(sealed_former="").values_list("entry_id", flat=True))
        trashed = vault.trash_imported(owner=batch.owner, ids=added, at=at)
        put_back = 0
        for row in batch.entries.exclude(sealed_former="").select_related("entry"):
            former = sealing.open_field(row, "sealed_former")
            put_back += vault.undo_overwrite(entry=row.entry, former=former, at=at)
        ids = [UUID(key) for key in batch.new_categories]
        vault.delete_empty_categories(owner=batch.owner, ids=ids, at=at)
        audit.record(
            events.IMPORT_UNDONE,
            user=batch.owner_id,
            details={"count": str(trashed + put_back)},
            facts={"import": str(batch.pk), "trashed": trashed, "put_back": put_back},
            at=at,
        )
    return trashed + put_back

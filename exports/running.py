"""The worker's part: make a file, say how far it is, stop when asked."""

from __future__ import annotations

from django.db import IntegrityError
from django.utils import timezone

from core import sealing
from exports import making, services
from exports.choosing import Choice, gather
from exports.models import Export, ExportChunk
from jobs.services import Cancelled, GiveUp, Run


def run(run: Run) -> None:
    """Make the file of an export; the job's own secret is its password."""
    export = Export.objects.select_related("owner").filter(pk=run.subject).first()
    if export is None or export.made_at is not None:
        # Cancelled meanwhile, or made by an attempt whose end was not written down.
        return
    try:
        _make(run, export)
    except BaseException:
        # What lies there of an unfinished file is of no use to anybody.
        ExportChunk.objects.filter(export=export.pk, export__made_at=None).delete()
        raise


def _make(run: Run, export: Export) -> None:
    password = run.secret().decode() if export.is_protected else None
    choice = Choice.from_json(sealing.open_field(export, "sealed_choice"))
    gathered = gather(export.owner, choice)
    if not gathered.accounts:
        raise GiveUp("nothing", str(services.NothingToExport.sentence))

    def progress(done: int, total: int) -> None:
        if run.is_cancelled():
            raise Cancelled
        run.report(done, total)

    progress(0, len(gathered.accounts))
    names = services.category_names(export.owner) if choice.format == "authnode" else []
    made = making.make(
        choice,
        gathered.accounts,
        password=password,
        categories=names,
        progress=progress,
        at=export.created_at,
    )
    try:
        size = services.keep(export.pk, made.pieces)
    except IntegrityError:
        # The row went with a cancellation while its pieces were laid down.
        raise Cancelled from None
    run.renew()
    services.finish(export.pk, size=size, at=timezone.now())

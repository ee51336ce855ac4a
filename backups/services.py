"""What pages, tasks and commands ask for. Each deed is recorded, and its work is a job."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from audit import events
from audit import services as audit
from backups import claims, container, keys, making, pipeline, places, recipients, restores
from backups.models import Backup, BackupCopy, RestoreRun
from backups.wishes import RestoreRefused
from jobs import services as jobs
from jobs.models import Job

Busy = claims.Busy


class StillNeeded(Exception):
    """The newest verified backup is not deleted by hand either."""

    def __init__(self) -> None:
        super().__init__("This is the newest verified backup; it stays until there is a newer one.")


def create(kind: str, *, by: UUID | None = None, note: str = "", at: datetime) -> Backup:
    """Have a backup made; raises Busy while one is under way."""
    with transaction.atomic():
        if is_busy(at=at):
            raise Busy
        backup = pipeline.start(kind, requested_by=by, note=note, at=at)
        jobs.enqueue("backup", subject=backup.id, owner=by, max_attempts=3, at=at)
    return backup


def is_busy(*, at: datetime) -> bool:
    unfinished = Backup.objects.filter(state=Backup.State.RUNNING).exists()
    return unfinished or bool(claims.current(at))


def verify(backup: Backup, *, by: UUID | None, at: datetime) -> None:
    """Have a backup read back once more."""
    with transaction.atomic():
        jobs.enqueue("backup-verify", subject=backup.id, owner=by, max_attempts=2, at=at)


def delete(backup: Backup, *, by: UUID | None, at: datetime) -> None:
    """Delete a backup in all places; raises StillNeeded or places.PlaceAway."""
    newest = Backup.objects.verified().newest_first().first()
    if newest is not None and newest.pk == backup.pk:
        raise StillNeeded
    pipeline.delete(backup, by=by, at=at)


def record_download(backup: Backup, *, by: UUID | None, at: datetime) -> None:
    audit.record(events.BACKUP_DOWNLOADED, user=by, facts={"backup": backup.name}, at=at)


def ask_for_report(
    backup: Backup,
    *,
    mode: str,
    user: UUID | None = None,
    takes_backup_side: bool = False,
    brought_back: Sequence[tuple[str, str]] = (),
    private_key: str = "",
    by: UUID | None,
    at: datetime,
) -> RestoreRun:
    """Begin a restore with its dry run."""
    with transaction.atomic():
        run = RestoreRun.objects.create(
            backup=backup,
            mode=mode,
            user=user,
            takes_backup_side=takes_backup_side,
            brought_back=[list(pair) for pair in brought_back],
            requested_by_id=by,
            created_at=at,
        )
        jobs.enqueue(
            "restore-report",
            subject=run.id,
            owner=by,
            secret=private_key.encode() or None,
            max_attempts=2,
            at=at,
        )
    return run


def begin_restore(
    run: RestoreRun, *, typed_name: str, private_key: str = "", by: UUID | None, at: datetime
) -> None:
    """Carry out what was reported; raises WrongName or NotReported, both recorded."""
    try:
        if typed_name.strip() != run.backup.name:
            raise restores.WrongName
        with transaction.atomic():
            reported = RestoreRun.objects.filter(pk=run.pk, state=RestoreRun.State.REPORTED)
            if not reported.update(state=RestoreRun.State.RUNNING, started_at=at):
                raise restores.NotReported
            audit.record(events.RESTORE_BEGUN, user=by, facts=facts_of(run), at=at)
            # Once only: a restore that was killed has changed nothing, and a person decides.
            jobs.enqueue(
                "restore",
                subject=run.id,
                owner=by,
                secret=private_key.encode() or None,
                max_attempts=1,
                at=at,
            )
    except RestoreRefused as error:
        facts = {**facts_of(run), "reason": type(error).__name__}
        audit.record_refusal(events.RESTORE_REFUSED, user=by, facts=facts, at=at)
        raise


def mark_restore_failed(run_id: UUID, sentence: str, *, at: datetime) -> None:
    """A restore or its dry run that came to nothing."""
    ended = (RestoreRun.State.DONE, RestoreRun.State.FAILED)
    rows = RestoreRun.objects.filter(pk=run_id).exclude(state__in=ended)
    with transaction.atomic():
        if not rows.update(state=RestoreRun.State.FAILED, failure=sentence[:300], finished_at=at):
            return
        run = RestoreRun.objects.get(pk=run_id)
        audit.record(events.RESTORE_REFUSED, user=run.requested_by_id, facts=facts_of(run), at=at)


def facts_of(run: RestoreRun) -> dict[str, str | int | bool]:
    return {"backup": run.backup.name, "mode": run.mode}


def opener(private_key: str = "") -> keys.Opener:
    """The site's own keys, and a private key if somebody brought one; raises BadKey."""
    own = keys.own_opener()
    if not private_key:
        return own
    return keys.Opener(own.keys, recipients.parse_private_key(private_key))


def job_of(subject: UUID) -> Job | None:
    """The newest job about a backup or a restore."""
    return Job.objects.filter(subject=subject).order_by("-created_at").first()


def discover(*, at: datetime) -> int:
    """List files of the local directory that the database does not know: from before an upgrade,
    or of a machine that was restored. They count once they are verified."""
    known = set(Backup.objects.values_list("name", flat=True))
    found = 0
    for path in sorted(making.folder().glob(f"*{making.SUFFIX}")):
        name = path.name.removesuffix(making.SUFFIX)
        if name in known:
            continue
        try:
            with path.open("rb") as file:
                header, _ = container.read_header(file)
            with transaction.atomic():
                _list(header, name, path.stat().st_size)
        except (container.ContainerRefused, IntegrityError, OSError, ValueError):
            continue
        found += 1
    return found


def _list(header: container.Header, name: str, size: int) -> None:
    started_at = datetime.fromisoformat(header.created_at)
    kind = header.kind if header.kind in Backup.Kind.values else Backup.Kind.COMMAND
    backup = Backup.objects.create(
        id=header.id,
        name=name[:80],
        kind=kind,
        state=Backup.State.UPLOADED,
        started_at=started_at,
        written_at=started_at,
        size=size,
        application=header.application[:20],
    )
    BackupCopy.objects.create(
        backup=backup,
        place=places.LOCAL,
        state=BackupCopy.State.CONFIRMED,
        confirmed_at=started_at,
    )
    jobs.enqueue("backup-verify", subject=backup.id, max_attempts=2)

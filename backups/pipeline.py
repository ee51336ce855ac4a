"""A backup from its first byte to "verified": write, copy elsewhere, read back, tidy up.

Every step is noted before the next begins, so that a process that was killed is taken up where the
noted steps end. A file that is not verified is never shown as good.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from audit import events
from audit import services as audit
from backups import alarms, container, faults, keys, making, places, retention, schema, verifying
from backups.models import Backup, BackupCopy
from jobs import services as jobs

if TYPE_CHECKING:
    from collections.abc import Iterator

State = Backup.State
Progress = Callable[[int, int], None]
RETRY_UPLOAD_AFTER = timedelta(minutes=5)
UPLOAD_ATTEMPTS = 12


class BackupFailed(Exception):
    """A backup did not come about. `code` is for programs, the sentence for people."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def start(kind: str, *, requested_by: UUID | None = None, note: str = "", at: datetime) -> Backup:
    """A row for a backup that is about to be made."""
    backup_id = uuid4()
    backup = Backup.objects.create(
        id=backup_id,
        name=making.name_for(kind, backup_id, at),
        kind=kind,
        note=note,
        requested_by_id=requested_by,
        started_at=at,
    )
    audit.record(events.BACKUP_CREATED, user=requested_by, facts=_facts(backup), at=at)
    return backup


def run(backup: Backup, *, tick: Callable[..., None], progress: Progress | None = None) -> None:
    """Everything that is left to do; raises BackupFailed. The caller holds the claim."""
    steps = _Steps(backup, tick, progress)
    with _sentences():
        if backup.state == State.RUNNING:
            steps.write()
        if backup.state == State.WRITTEN:
            steps.upload()
        if backup.state in {State.WRITTEN, State.UPLOADED}:
            steps.verify()
    apply_retention(at=timezone.now())


def verify_again(backup: Backup, *, tick: Callable[..., None]) -> None:
    """Read a backup back once more; one that no longer opens stops being good."""
    with _sentences():
        _Steps(backup, tick, None).verify()


def local_file(backup: Backup) -> Path:
    return making.folder() / backup.file_name


def upload_copy(copy: BackupCopy, *, at: datetime) -> None:
    """Send one copy; raises places.PlaceAway after noting it."""
    backup = copy.backup
    try:
        places.get(copy.place).put(local_file(backup), sha256=backup.sha256)
    except places.PlaceAway as error:
        copy.attempts += 1
        copy.failure = str(error)[:200]
        copy.save(update_fields=["attempts", "failure"])
        raise
    with transaction.atomic():
        confirmed = BackupCopy.objects.filter(pk=copy.pk, state=BackupCopy.State.WAITING)
        confirmed.update(state=BackupCopy.State.CONFIRMED, confirmed_at=at, failure="")
        audit.record(events.BACKUP_UPLOADED, facts={**_facts(backup), "place": copy.place}, at=at)
        if not backup.copies.filter(state=BackupCopy.State.WAITING).exists():
            Backup.objects.filter(pk=backup.pk).update(uploaded_at=at)
            Backup.objects.filter(pk=backup.pk, state=State.WRITTEN).update(state=State.UPLOADED)
            alarms.clear("copy")


def delete(backup: Backup, *, by: UUID | None, at: datetime) -> None:
    """Delete a backup in all its places; raises places.PlaceAway when one cannot be reached."""
    local_file(backup).unlink(missing_ok=True)
    for copy in backup.copies.exclude(state=BackupCopy.State.GONE).exclude(place=places.LOCAL):
        places.get(copy.place).delete(backup.file_name)
        BackupCopy.objects.filter(pk=copy.pk).update(state=BackupCopy.State.GONE, deleted_at=at)
    with transaction.atomic():
        audit.record(events.BACKUP_DELETED, user=by, facts=_facts(backup), at=at)
        backup.delete()


def apply_retention(*, at: datetime) -> int:
    """Delete what the plan no longer keeps; what cannot be reached stays for the next time."""
    gone = 0
    for backup in retention.due(at=at):
        try:
            delete(backup, by=None, at=at)
        except (places.PlaceAway, OSError):
            continue
        gone += 1
    return gone


def mark_failed(backup_id: UUID, sentence: str, *, at: datetime) -> None:
    """A backup that failed for good: noted, recorded, and operators are told."""
    unfinished = Backup.objects.filter(pk=backup_id).exclude(
        state__in=(State.FAILED, State.VERIFIED)
    )
    with transaction.atomic():
        if not unfinished.update(state=State.FAILED, failed_at=at, failure=sentence[:200]):
            return
        backup = Backup.objects.get(pk=backup_id)
        audit.record(events.BACKUP_FAILED, facts=_facts(backup), at=at)
        alarms.raise_alarm("backup", sentence, at=at)


class _Steps:
    def __init__(
        self, backup: Backup, tick: Callable[..., None], progress: Progress | None
    ) -> None:
        self.backup, self.tick, self.progress = backup, tick, progress

    def write(self) -> None:
        backup = self.backup
        making.sweep(backup.name)
        written = making.write(
            backup_id=backup.id,
            kind=backup.kind,
            name=backup.name,
            at=backup.started_at,
            tick=self._between(0, 50),
        )
        with transaction.atomic():
            self._move(
                State.WRITTEN,
                written_at=timezone.now(),
                size=written.size,
                content_size=written.ending.size,
                sha256=written.sha256,
                row_counts=dict(written.ending.rows),
                recipients=[
                    {name: wrap[name] for name in ("kind", "fingerprint")}
                    for wrap in written.header.recipients
                ],
                application=written.header.application,
            )
            BackupCopy.objects.get_or_create(
                backup=backup,
                place=places.LOCAL,
                defaults={
                    "state": BackupCopy.State.CONFIRMED,
                    "confirmed_at": timezone.now(),
                },
            )
            for place in places.configured():
                BackupCopy.objects.get_or_create(backup=backup, place=place.name)
        faults.point("noted written")

    def upload(self) -> None:
        """Try each place once; one that is away is tried again by a job of its own."""
        for copy in self.backup.copies.filter(state=BackupCopy.State.WAITING):
            self.tick()
            try:
                upload_copy(copy, at=timezone.now())
            except places.PlaceAway as error:
                _try_later(copy, error)
        faults.point("uploaded")
        self.backup.refresh_from_db()

    def verify(self) -> None:
        backup = self.backup
        try:
            found = verifying.verify(
                local_file(backup),
                keys.own_opener(),
                sha256=backup.sha256,
                tick=self._between(50, 100),
            )
        except (container.ContainerRefused, schema.NewerRelease, OSError):
            with transaction.atomic():
                Backup.objects.filter(pk=backup.pk, state=State.VERIFIED).update(
                    state=State.WRITTEN
                )
            raise
        faults.point("before verified")
        with transaction.atomic():
            counts = {"row_counts": dict(found.counts)} if found.counts else {}
            self._move(
                State.VERIFIED,
                verified_at=timezone.now(),
                verified_depth=found.depth,
                sha256=found.sha256,
                **counts,
            )
            facts = {**_facts(backup), "depth": found.depth}
            audit.record(events.BACKUP_VERIFIED, user=backup.requested_by_id, facts=facts)
            alarms.clear("backup")
            alarms.clear("overdue")

    def _between(self, low: int, high: int) -> Callable[[int], None]:
        total = sum(self.backup.row_counts.values()) or _rows_of_the_newest()
        if high == 100:
            total = self.backup.content_size

        def tick(done: int) -> None:
            self.tick()
            if self.progress:
                share = min(1.0, done / total) if total else 0.0
                self.progress(int(low + (high - low) * share), 100)

        return tick

    def _move(self, state: str, **values: object) -> None:
        # The row must not have been given up by somebody else in the meantime.
        rows = Backup.objects.filter(pk=self.backup.pk).exclude(state=State.FAILED)
        if not rows.update(state=state, **values):
            raise BackupFailed("given_up", "The backup had been given up meanwhile.")
        self.backup.refresh_from_db()


def _try_later(copy: BackupCopy, error: places.PlaceAway) -> None:
    now = timezone.now()
    with transaction.atomic():
        jobs.enqueue(
            "backup-upload",
            subject=copy.id,
            not_before=now + RETRY_UPLOAD_AFTER,
            max_attempts=UPLOAD_ATTEMPTS,
            at=now,
        )
        alarms.raise_alarm("copy", str(error), at=now)


def _rows_of_the_newest() -> int:
    newest = Backup.objects.verified().newest_first().first()
    return newest.rows if newest else 0


def _facts(backup: Backup) -> dict[str, str | int]:
    return {"backup": backup.name, "kind": backup.kind, "size": backup.size}


@contextmanager
def _sentences() -> Iterator[None]:
    """Says what failed without the words of the system: they may hold paths and values."""
    try:
        yield
    except container.ContainerRefused as error:
        raise BackupFailed("not_whole", str(error)) from None
    except schema.NewerRelease as error:
        raise BackupFailed("newer_release", str(error)) from None
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise BackupFailed("disk_full", "There is no room left for the backup.") from None
        raise BackupFailed("file", f"The backup file: {error.strerror or 'error'}.") from None

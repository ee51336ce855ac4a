"""A restore from its dry run to its end."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import User
from audit import events
from audit import services as audit
from backups import (
    afterwards,
    container,
    faults,
    keys,
    maintenance,
    pipeline,
    places,
    restoring,
    scratch,
    verifying,
    wishes,
)
from backups.course import Course
from backups.models import Backup, BackupCopy, RestoreRun
from backups.reports import Report
from backups.wishes import RestoreRefused, Wish
from core import lasting
from core.models import LastingKey

NOTICE_SECONDS = 2 * maintenance.SEEN_FOR_SECONDS
Tick = Callable[[int], None]


class OtherInstallation(RestoreRefused):
    """Its lasting keys are not ours: restored codes and events could not be checked any more."""

    def __init__(self) -> None:
        super().__init__(
            "This backup comes from another installation. Restore it into an empty one; from here"
            " only one user's vault can be taken."
        )


class WrongName(RestoreRefused):
    """What was typed is not the name of the backup."""

    def __init__(self) -> None:
        super().__init__("This is not the name of the backup.")


class NotReported(RestoreRefused):
    """Nothing is restored before its dry run was shown."""

    def __init__(self) -> None:
        super().__init__("The dry run has not ended, or this restore was begun already.")


class FileGone(RestoreRefused):
    """The file is in none of its places."""

    def __init__(self) -> None:
        super().__init__("The file of this backup is in none of its places.")


@dataclass(frozen=True)
class Opened:
    """A backup, loaded into a scratch database of today's shape."""

    alias: str
    header: container.Header
    carried: keys.CarriedKeys
    counts: Mapping[str, int]


@contextlib.contextmanager
def opened(
    path: Path, opener: keys.Opener, *, sha256: str = "", tick: Tick | None = None
) -> Iterator[Opened]:
    """Load a container; raises ContainerRefused, NoKeyFits or NewerRelease."""
    if sha256 and verifying.digest(path) != sha256:
        raise verifying.HashDiffers
    with path.open("rb") as file, scratch.database() as alias:
        reader = container.Reader(file)
        carried = keys.parse_carried(reader.open(opener.data_key(reader.header)))
        counts = scratch.load(alias, reader, tick)
        yield Opened(alias, reader.header, carried, counts)


@contextlib.contextmanager
def file_of(backup: Backup) -> Iterator[Path]:
    """The backup's file, fetched from where a copy lies when it is not here any more."""
    local = pipeline.local_file(backup)
    if local.exists():
        yield local
        return
    with tempfile.TemporaryDirectory(prefix=scratch.PREFIX, dir=scratch.folder()) as folder:
        path = Path(folder) / backup.file_name
        for copy in backup.copies.filter(state=BackupCopy.State.CONFIRMED):
            if copy.place == places.LOCAL:
                continue
            with contextlib.suppress(places.PlaceAway):
                places.get(copy.place).fetch(backup.file_name, path)
                break
        if not path.exists():
            raise FileGone
        yield path


def rehearse(backup: Opened, wish: Wish, *, tick: Tick | None = None) -> Report:
    """What a restore would do, found by doing it where it does not count.

    SQLite: on a copy of the database. PostgreSQL: in a transaction that is rolled back.
    """
    live = connections[DEFAULT_DB_ALIAS]
    if live.vendor == "sqlite":
        with (
            scratch.database(copy_of=str(live.settings_dict["NAME"])) as target,
            transaction.atomic(using=target),
        ):
            return restoring.run(_course(backup, wish, target, tick))
    with transaction.atomic():
        report = restoring.run(_course(backup, wish, DEFAULT_DB_ALIAS, tick))
        transaction.set_rollback(True)
    return report


def carry_out(
    backup: Opened,
    wish: Wish,
    *,
    by: UUID | None,
    name: str,
    at: datetime,
    tick: Tick | None = None,
    within: Callable[[Report], None] | None = None,
) -> Report:
    """Restore in one transaction; `within` is called in it, last of all. Raises RestoreRefused."""
    maintenance.begin()
    try:
        # Processes of the site may rely for a moment on not having seen the sign.
        time.sleep(NOTICE_SECONDS)
        with transaction.atomic():
            course = _course(backup, wish, DEFAULT_DB_ALIAS, _shown(tick))
            report = restoring.run(course)
            if report.is_bare:
                afterwards.settle_in(backup.alias, backup.carried, at=at)
            afterwards.end_sessions(wish, at=at)
            afterwards.tell(course, at=at)
            facts: dict[str, str | int | bool] = {
                "backup": name,
                "mode": wish.mode,
                "changes": report.changes,
            }
            audit.record(events.RESTORE_DONE, user=by, facts=facts, at=at)
            if within:
                within(report)
            faults.point("before commit")
        faults.point("after commit")
        lasting.forget()
    finally:
        maintenance.end()
    return report


def make_safe(*, by: UUID | None, tick: Callable[..., None], at: datetime) -> Backup:
    """The backup of what is here, verified, before anything of it is touched."""
    backup = pipeline.start(Backup.Kind.SAFETY, requested_by=by, at=at)
    try:
        pipeline.run(backup, tick=tick)
    except pipeline.BackupFailed as error:
        pipeline.mark_failed(backup.id, str(error), at=timezone.now())
        raise RestoreRefused(
            f"The safety backup failed, so nothing was restored: {error}"
        ) from None
    backup.refresh_from_db()
    if not backup.is_good:
        raise RestoreRefused("The safety backup could not be verified.")
    return backup


def is_bare() -> bool:
    return not User.objects.exists()


def wish_of(run: RestoreRun) -> Wish:
    return Wish(
        mode=run.mode,
        user=run.user,
        takes_backup_side=run.takes_backup_side,
        brought_back=frozenset((label, key) for label, key in run.brought_back),
    )


def check_lasting_keys(carried: keys.CarriedKeys, wish: Wish) -> None:
    """Raise OtherInstallation when ours are others, and there is something to lose."""
    if wish.mode == wishes.USER or is_bare():
        return
    for purpose, key in carried.lasting.items():
        if LastingKey.objects.filter(purpose=purpose).exists() and (
            lasting.key(purpose).hex() != key
        ):
            raise OtherInstallation


def _course(backup: Opened, wish: Wish, target: str, tick: Tick | None) -> Course:
    check_lasting_keys(backup.carried, wish)
    made_at = parse_datetime(backup.header.created_at)
    if made_at is None:
        raise container.ContainerRefused("its time cannot be read")
    return Course(
        source=backup.alias,
        target=target,
        wish=wish,
        ring=backup.carried.ring,
        made_at=f"{made_at:%Y-%m-%d %H:%M:%S.%f}",
        tick=tick,
    )


def _shown(tick: Tick | None) -> Tick:
    begun = time.monotonic()

    def show(done: int) -> None:
        nonlocal begun
        if time.monotonic() - begun > 20:
            begun = time.monotonic()
            maintenance.begin()
        if tick:
            tick(done)

    return show

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

from accounts.models import SignUpToken, User
from audit import events
from audit import services as audit
from backups import (
    container,
    content,
    faults,
    keys,
    maintenance,
    pipeline,
    places,
    restoring,
    rows,
    schedule,
    schema,
    scratch,
    verifying,
)
from backups.models import Backup, BackupCopy, RestoreRun
from core import lasting, sealing
from core.models import LastingKey
from notifications import services as notifications
from sessions_lock import services as sessions

NOTICE_SECONDS = 2 * maintenance.SEEN_FOR_SECONDS
Tick = Callable[[int], None]


class WrongName(restoring.RestoreRefused):
    """What was typed is not the name of the backup."""

    def __init__(self) -> None:
        super().__init__("This is not the name of the backup.")


class NotReported(restoring.RestoreRefused):
    """Nothing is restored before its dry run was shown."""

    def __init__(self) -> None:
        super().__init__("The dry run has not ended, or this restore was begun already.")


class FileGone(restoring.RestoreRefused):
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


def rehearse(backup: Opened, wish: restoring.Wish, *, tick: Tick | None = None) -> restoring.Report:
    """What a restore would do, found by doing it where it does not count.

    SQLite: on a copy of the database. PostgreSQL: in a transaction that is rolled back.
    """
    live = connections[DEFAULT_DB_ALIAS]
    if live.vendor == "sqlite":
        with (
            scratch.database(copy_of=str(live.settings_dict["NAME"])) as target,
            transaction.atomic(using=target),
        ):
            return _restorer(backup, wish, target, tick).run()
    with transaction.atomic():
        report = _restorer(backup, wish, DEFAULT_DB_ALIAS, tick).run()
        transaction.set_rollback(True)
    return report


def carry_out(
    backup: Opened,
    wish: restoring.Wish,
    *,
    by: UUID | None,
    name: str,
    at: datetime,
    tick: Tick | None = None,
    within: Callable[[restoring.Report], None] | None = None,
) -> restoring.Report:
    """Restore in one transaction; `within` is called in it, last of all. Raises RestoreRefused."""
    maintenance.begin()
    try:
        # Processes of the site may rely for a moment on not having seen the sign.
        time.sleep(NOTICE_SECONDS)
        with transaction.atomic():
            restorer = _restorer(backup, wish, DEFAULT_DB_ALIAS, _shown(tick))
            report = restorer.run()
            if report.is_bare:
                _take_lasting_keys(backup.carried)
                schedule.adopt(backup.alias)
                SignUpToken.open(at=at).filter(origin=SignUpToken.Origin.SET_UP).update(
                    withdrawn_at=at
                )
            _end_sessions(wish, at)
            _tell(restorer, at)
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
        raise restoring.RestoreRefused(
            f"The safety backup failed, so nothing was restored: {error}"
        ) from None
    backup.refresh_from_db()
    if not backup.is_good:
        raise restoring.RestoreRefused("The safety backup could not be verified.")
    return backup


def is_bare() -> bool:
    return not User.objects.exists()


def wish_of(run: RestoreRun) -> restoring.Wish:
    return restoring.Wish(
        mode=run.mode,
        user=run.user,
        takes_backup_side=run.takes_backup_side,
        brought_back=frozenset((label, key) for label, key in run.brought_back),
    )


def check_lasting_keys(carried: keys.CarriedKeys, wish: restoring.Wish) -> None:
    """Raise OtherInstallation when ours are others, and there is something to lose."""
    if wish.mode == restoring.USER or is_bare():
        return
    for purpose, key in carried.lasting.items():
        if LastingKey.objects.filter(purpose=purpose).exists() and (
            lasting.key(purpose).hex() != key
        ):
            raise restoring.OtherInstallation


def _restorer(
    backup: Opened, wish: restoring.Wish, target: str, tick: Tick | None
) -> restoring.Restorer:
    check_lasting_keys(backup.carried, wish)
    made_at = parse_datetime(backup.header.created_at)
    if made_at is None:
        raise container.ContainerRefused("its time cannot be read")
    return restoring.Restorer(
        source=backup.alias,
        target=target,
        wish=wish,
        ring=backup.carried.ring,
        made_at=f"{made_at:%Y-%m-%d %H:%M:%S.%f}",
        tick=tick,
    )


def _take_lasting_keys(carried: keys.CarriedKeys) -> None:
    """The keys that codes and events of the backup were made with, sealed anew."""
    for purpose, key in carried.lasting.items():
        row = LastingKey(purpose=purpose)
        sealing.seal_field(row, "sealed_key", bytes.fromhex(key))
        LastingKey.objects.update_or_create(
            purpose=purpose, defaults={"sealed_key": row.sealed_key}
        )
    lasting.forget()


def _end_sessions(wish: restoring.Wish, at: datetime) -> None:
    if wish.mode == restoring.USER and wish.user:
        sessions.end_others(wish.user, but=None, at=at)
    else:
        sessions.end_all(at=at)


def _tell(restorer: restoring.Restorer, at: datetime) -> None:
    ids = [UUID(key) for key in restorer.concerned_users()]
    for some in rows.chunks(ids, rows.BATCH):
        for user in User.objects.filter(pk__in=some, is_active=True):
            notifications.notify(user, "data_restored", at=at)


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


def drill(backup: Backup, opener: keys.Opener, *, tick: Tick | None = None) -> dict[str, int]:
    """Restore a backup into an empty database that is thrown away; answers rows per table.

    Unlike the verification this walks through the restore itself. Raises DoesNotFit.
    """
    with (
        file_of(backup) as path,
        opened(path, opener, sha256=backup.sha256, tick=tick) as source,
        scratch.database() as target,
    ):
        schema.create_at_once(target, content.all_models(), schema.current())
        for label in content.BY_NAME:
            _copy_numbered(source.alias, target, label)
        with transaction.atomic(using=target):
            wish = restoring.Wish(mode=restoring.REPLACE)
            _restorer_apart(source, wish, target, tick).run()
        return _compare_counts(source, target)


def _restorer_apart(
    source: Opened, wish: restoring.Wish, target: str, tick: Tick | None
) -> restoring.Restorer:
    return restoring.Restorer(
        source=source.alias,
        target=target,
        wish=wish,
        ring=source.carried.ring,
        made_at="",
        tick=tick,
    )


def _copy_numbered(source: str, target: str, label: str) -> None:
    from django.apps import apps

    model = apps.get_model(label)
    for batch in rows.in_batches(source, model):
        rows.insert(target, model, list(model._meta.local_concrete_fields), batch)


def _compare_counts(source: Opened, target: str) -> dict[str, int]:
    found = {}
    for model in content.stored_models():
        if content.policy_of(model) == content.NEVER:
            continue
        found[model._meta.db_table] = rows.count(target, model)
        if found[model._meta.db_table] != rows.count(source.alias, model):
            raise scratch.DoesNotFit(f"not all rows of {model._meta.label} could be restored")
    return found

"""The jobs of backups: each takes the one claim, does one thing, and notes how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, transaction
from django.utils import timezone

from audit import events
from audit import services as audit
from backups import (
    alarms,
    claims,
    container,
    drills,
    keys,
    pipeline,
    places,
    recipients,
    reports,
    restores,
    schema,
    services,
    wishes,
)
from backups.models import Backup, BackupCopy, RestoreRun
from jobs.running import retry_delay
from jobs.services import GiveUp, LeaseLost, Postpone, Run, SecretGone

REPORT_EVERY = 1.0
REFUSALS = (
    container.ContainerRefused,
    schema.NewerRelease,
    recipients.NoKeyFits,
    recipients.BadKey,
    wishes.RestoreRefused,
)


def make(run: Run) -> None:
    """Make a backup, or go on with one whose worker died."""
    backup = Backup.objects.filter(pk=run.subject).first()
    if backup is None or not backup.is_running:
        return
    with _claimed("backup", run) as claim:
        try:
            pipeline.run(backup, tick=claim.tick, progress=_progress(run))
        except pipeline.BackupFailed as error:
            raise GiveUp(error.code, str(error)) from None


def verify(run: Run) -> None:
    backup = Backup.objects.filter(pk=run.subject).exclude(state=Backup.State.RUNNING).first()
    if backup is None:
        return
    with _claimed("verification", run) as claim:
        try:
            pipeline.verify_again(backup, tick=claim.tick)
        except pipeline.BackupFailed as error:
            raise GiveUp(error.code, str(error)) from None


def upload(run: Run) -> None:
    """Send a copy to a place that was away."""
    copy = BackupCopy.objects.filter(pk=run.subject, state=BackupCopy.State.WAITING).first()
    if copy is None:
        return
    try:
        pipeline.upload_copy(copy, at=timezone.now())
    except (places.PlaceAway, OSError) as error:
        sentence = str(error) if isinstance(error, places.PlaceAway) else "The file is gone."
        alarms.raise_alarm("copy", sentence, at=timezone.now())
        raise Postpone(retry_delay(run.attempt), code="place_away", sentence=sentence) from None


def drill(run: Run) -> None:
    """Restore the backup into an empty database that is thrown away."""
    backup = Backup.objects.filter(pk=run.subject).first()
    if backup is None:
        return
    with _claimed("drill", run) as claim:
        try:
            drills.drill(backup, keys.own_opener(), tick=claim.tick)
        except REFUSALS as error:
            raise GiveUp("drill", str(error)) from None
    with transaction.atomic():
        Backup.objects.filter(pk=backup.pk).update(drilled_at=timezone.now())
        audit.record(events.BACKUP_DRILLED, facts={"backup": backup.name})


def report(run: Run) -> None:
    """The dry run of a restore."""
    row = RestoreRun.objects.filter(pk=run.subject, state=RestoreRun.State.PREPARING).first()
    if row is None:
        return
    with (
        _claimed("dry run", run) as claim,
        _refusals(),
        restores.file_of(row.backup) as path,
        restores.opened(path, _opener(run), sha256=row.backup.sha256, tick=claim.tick) as source,
    ):
        claim.renew()
        found = restores.rehearse(source, restores.wish_of(row), tick=claim.tick_apart)
    with transaction.atomic():
        RestoreRun.objects.filter(pk=row.pk, state=RestoreRun.State.PREPARING).update(
            state=RestoreRun.State.REPORTED,
            report=found.as_json(),
            reported_at=timezone.now(),
        )
        facts = {**services.facts_of(row), "changes": found.changes}
        audit.record(events.RESTORE_REPORTED, user=row.requested_by_id, facts=facts)


def restore(run: Run) -> None:
    """The restore itself: safety backup, maintenance page, one transaction."""
    row = RestoreRun.objects.filter(pk=run.subject, state=RestoreRun.State.RUNNING).first()
    if row is None:
        return
    opener = _opener(run)
    with _claimed("restore", run) as claim, _refusals():
        if not restores.is_bare():
            safety = restores.make_safe(by=row.requested_by_id, tick=claim.tick, at=timezone.now())
            RestoreRun.objects.filter(pk=row.pk).update(safety_backup=safety)
        with (
            restores.file_of(row.backup) as path,
            restores.opened(path, opener, sha256=row.backup.sha256, tick=claim.tick) as source,
        ):
            claim.renew()

            def within(found: reports.Report) -> None:
                RestoreRun.objects.filter(pk=row.pk).update(
                    state=RestoreRun.State.DONE,
                    report=found.as_json(),
                    finished_at=timezone.now(),
                )
                # Nobody shall take the job for abandoned in the moment after the commit.
                run.renew()

            restores.carry_out(
                source,
                restores.wish_of(row),
                by=row.requested_by_id,
                name=row.backup.name,
                at=timezone.now(),
                tick=claim.tick_apart,
                within=within,
            )


def _opener(run: Run) -> keys.Opener:
    try:
        private_key = run.secret().decode()
    except SecretGone:
        private_key = ""
    return services.opener(private_key)


@contextmanager
def _claimed(deed: str, run: Run) -> Iterator[claims.Claim]:
    try:
        claim = claims.take(deed, at=timezone.now(), also=run.renew, job_id=run.job_id)
    except claims.Busy as busy:
        raise Postpone(timedelta(seconds=30), code="busy", sentence=str(busy)) from None
    try:
        yield claim
    except claims.ClaimLost:
        raise LeaseLost from None
    except ImproperlyConfigured as error:
        raise GiveUp("settings", str(error)) from None
    finally:
        claim.release()


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except REFUSALS as error:
        raise GiveUp("refused", str(error)) from None
    except DatabaseError:
        # The transaction is undone. What the database says would quote values of rows.
        raise GiveUp("database", "The database refused a row; nothing was changed.") from None


def _progress(run: Run) -> Callable[[int, int], None]:
    last = 0.0

    def progress(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= REPORT_EVERY:
            last = time.monotonic()
            run.report(done, total)

    return progress

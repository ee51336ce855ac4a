"""What the tests of backups need again and again."""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from accounts.models import User
from backups import claims, faults, keys, pipeline, reports, restores, services, wishes
from backups.models import Backup, RestoreRun
from core import sealing
from tests import base
from vault.models import Category, OtpEntry


class BackupsTestCase(base.TransactionTestCase):
    """With a directory for backups of its own, and restores that do not wait for anybody."""

    def setUp(self) -> None:
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(override_settings(BACKUP_DIRECTORY=Path(folder) / "backups"))
        self.enterContext(mock.patch.object(restores, "NOTICE_SECONDS", 0))


def add_entry(owner: User, issuer: str = "Example", **fields: object) -> OtpEntry:
    now = timezone.now()
    entry = OtpEntry(owner=owner, issuer=issuer, created_at=now, updated_at=now, **fields)
    sealing.seal_field(entry, "sealed_secret", b"secret of " + issuer.encode())
    entry.save(force_insert=True)
    return entry


def add_category(owner: User, name: str, *entries: OtpEntry) -> Category:
    category = Category.objects.create(owner=owner, name=name, created_at=timezone.now())
    category.entries.add(*entries)
    return category


def make_backup(kind: str = "manual") -> Backup:
    """A backup, made at once and verified."""
    backup = pipeline.start(kind, at=timezone.now())
    claim = claims.take("backup", at=timezone.now())
    try:
        pipeline.run(backup, tick=claim.tick)
    finally:
        claim.release()
    backup.refresh_from_db()
    return backup


def restore(backup: Backup | Path, mode: str = "replace", **wish: object) -> reports.Report:
    path = backup if isinstance(backup, Path) else pipeline.local_file(backup)
    wanted = wishes.Wish(mode=mode, **wish)  # type: ignore[arg-type]
    with restores.opened(path, keys.own_opener()) as source:
        return restores.carry_out(source, wanted, by=None, name=path.stem, at=timezone.now())


def rehearse(backup: Backup, mode: str = "replace", **wish: object) -> reports.Report:
    wanted = wishes.Wish(mode=mode, **wish)  # type: ignore[arg-type]
    with restores.opened(pipeline.local_file(backup), keys.own_opener()) as source:
        return restores.rehearse(source, wanted)


@contextmanager
def listening(listener: Callable[[str], None]) -> Iterator[None]:
    faults.listener = listener
    try:
        yield
    finally:
        faults.listener = None


def leftovers() -> list[Path]:
    """Files that no finished deed leaves behind."""
    partial = Path(settings.BACKUP_DIRECTORY).glob("*.part*")
    return [*partial, *(Path(settings.VAR) / "backup-work").glob("scratch-*")]


def user_key(user: User) -> str:
    return uuid.UUID(str(user.pk)).hex


def reported_run(backup: Backup) -> RestoreRun:
    """A restore whose dry run a worker of the test does."""
    run = services.ask_for_report(backup, mode="missing", by=None, at=timezone.now())
    deadline = time.monotonic() + 30
    while run.state == RestoreRun.State.PREPARING and time.monotonic() < deadline:
        time.sleep(0.1)
        run.refresh_from_db()
    return run


def wish(mode: str, user: User) -> dict[str, Any]:
    """Arguments for `restore` and `rehearse`, with a user where the mode asks for one."""
    return {"mode": mode, "user": user.pk if mode == "user" else None}

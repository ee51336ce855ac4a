"""One at a time: whoever writes or restores backups holds the one claim, and keeps renewing it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import DEFAULT_DB_ALIAS, IntegrityError, connections, transaction
from django.db.models import Q
from django.utils import timezone

from backups.models import BackupClaim

LEASE = timedelta(minutes=2)
RENEW_EVERY = 20.0


class Busy(Exception):
    """Another backup or restore is under way."""

    def __init__(self) -> None:
        super().__init__("Another backup or restore is under way.")


class ClaimLost(Exception):
    """It took so long that somebody else holds the claim now."""

    def __init__(self) -> None:
        super().__init__("The claim on backups was lost.")


@dataclass
class Claim:
    """Held by one process; `tick` is called as work goes on and renews it every 20 seconds."""

    holder: UUID
    # What else to keep alive: the lease of the job.
    also: Callable[[], None] | None = None
    job_id: UUID | None = None
    _renewed: float = field(default_factory=time.monotonic)

    def tick(self, *_: object) -> None:
        if time.monotonic() - self._renewed >= RENEW_EVERY:
            self.renew()

    def renew(self) -> None:
        """Raises ClaimLost, or what `also` raises."""
        self._renewed = time.monotonic()
        held = BackupClaim.objects.filter(pk=BackupClaim.ONLY, holder=self.holder)
        if not held.update(lease_until=timezone.now() + LEASE):
            raise ClaimLost
        if self.also:
            self.also()

    def tick_apart(self, *_: object) -> None:
        """Renew while a long transaction is open, which nobody would see from inside of it.

        On PostgreSQL through another connection. On SQLite nobody else can write meanwhile, so
        that nobody can take the claim either.
        """
        if time.monotonic() - self._renewed < RENEW_EVERY:
            return
        self._renewed = time.monotonic()
        live = connections[DEFAULT_DB_ALIAS]
        if live.vendor != "postgresql":
            return
        own = live.copy()
        try:
            with own.cursor() as cursor:
                cursor.execute(
                    "UPDATE backups_backupclaim SET lease_until = %s WHERE holder = %s",
                    [timezone.now() + LEASE, self.holder],
                )
                if not cursor.rowcount:
                    raise ClaimLost
                cursor.execute(
                    "UPDATE jobs_job SET lease_until = %s WHERE id = %s AND state = 'running'",
                    [timezone.now() + LEASE, self.job_id],
                )
        finally:
            own.close()

    def release(self) -> None:
        held = BackupClaim.objects.filter(pk=BackupClaim.ONLY, holder=self.holder)
        held.update(holder=None, deed="", lease_until=None)


def take(
    deed: str,
    *,
    at: datetime,
    also: Callable[[], None] | None = None,
    job_id: UUID | None = None,
) -> Claim:
    """Take the claim; raises Busy."""
    holder = uuid4()
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=at)
    row = {"holder": holder, "deed": deed, "lease_until": at + LEASE}
    if not BackupClaim.objects.filter(free, pk=BackupClaim.ONLY).update(**row):
        try:
            with transaction.atomic():
                BackupClaim.objects.create(pk=BackupClaim.ONLY, **row)
        except IntegrityError:
            raise Busy from None
    return Claim(holder, also, job_id)


def current(at: datetime) -> str:
    """What is under way, or nothing."""
    row = BackupClaim.objects.filter(pk=BackupClaim.ONLY, lease_until__gt=at).first()
    return row.deed if row else ""

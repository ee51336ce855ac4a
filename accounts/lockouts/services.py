"""Who is locked out of signing in at the moment, from where, and until when.

django-axes counts the failures of an address from a network; the count of this page is the same:
failures over all browsers within the cool-off time.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from axes import utils as axes
from django.conf import settings
from django.db import transaction

from accounts.models import LockedSignIn, User
from audit import events
from audit import services as audit


@dataclass(frozen=True, slots=True)
class Lock:
    """`network` is what is counted: an IPv4 address, or the first address of an IPv6 /64."""

    address: str
    network: str
    failures: int
    until: datetime


def locked(*, at: datetime) -> list[Lock]:
    """Every sign-in that is locked, the one that stays so longest first."""
    rows = LockedSignIn.objects.filter(attempt_time__gte=at - settings.AXES_COOLOFF_TIME)
    by_pair: dict[tuple[str, str], list[tuple[datetime, int]]] = defaultdict(list)
    for address, network, tried_at, failures in rows.order_by("attempt_time").values_list(
        "username", "ip_address", "attempt_time", "failures_since_start"
    ):
        by_pair[address or "", network or ""].append((tried_at, failures))
    locks = [
        Lock(address, network, total, _end(attempts, total))
        for (address, network), attempts in by_pair.items()
        if (total := sum(count for _, count in attempts)) >= settings.AXES_FAILURE_LIMIT
    ]
    return sorted(locks, key=lambda lock: lock.until, reverse=True)


def unlock(*, address: str, network: str, by: User, at: datetime) -> bool:
    """Forget the failures of an address from a network; False when there were none."""
    with transaction.atomic():
        if not axes.reset(username=address, ip=network):
            return False
        person = User.objects.filter(email=address).first()
        audit.record(
            events.ADMIN_UNLOCKED,
            user=by.pk,
            details={"network": network} if person else {"network": network, "address": address},
            facts={"object_id": str(person.pk)} if person else {},
            at=at,
        )
    return True


def _end(attempts: list[tuple[datetime, int]], total: int) -> datetime:
    """When enough of the failures, oldest first, have been forgotten."""
    forgotten = accumulate(count for _, count in attempts)
    ends = (
        tried_at
        for (tried_at, _), gone in zip(attempts, forgotten, strict=True)
        if total - gone < settings.AXES_FAILURE_LIMIT
    )
    return next(ends) + settings.AXES_COOLOFF_TIME

"""Forgetting: addresses become networks after ninety days, and rows go after two years."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from anomalies.models import AlertSent, LoginAttempt, MailedCode, RuleFault, SignInGrant

BATCH = 500
DAY = timedelta(days=1)


def shortened(address: str) -> str:
    """The /24 of an IPv4 address, the /48 of an IPv6 address."""
    parsed = ipaddress.ip_address(address)
    length = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network((parsed, length), strict=False))


def shorten_addresses(*, at: datetime) -> int:
    """Shorten what is older than ANOMALIES_ADDRESS_DAYS; the answer is the number of rows."""
    before = at - settings.ANOMALIES_ADDRESS_DAYS * DAY
    old = LoginAttempt.objects.filter(shortened_at=None, at__lt=before).order_by("at")
    total = 0
    while rows := list(old.values_list("pk", "address")[:BATCH]):
        networks: dict[str, list[UUID]] = defaultdict(list)
        for pk, address in rows:
            networks[shortened(address)].append(pk)
        for network, keys in networks.items():
            LoginAttempt.objects.filter(pk__in=keys).update(
                address=network, network=network, shortened_at=at
            )
        total += len(rows)
    return total


def forget(*, at: datetime) -> None:
    """Delete what nobody needs any more."""
    kept = at - settings.ANOMALIES_KEEP_DAYS * DAY
    LoginAttempt.objects.filter(at__lt=kept).delete()
    MailedCode.objects.filter(expires_at__lt=at - DAY).delete()
    SignInGrant.objects.filter(expires_at__lt=at - 30 * DAY).delete()
    AlertSent.objects.filter(day__lt=(at - 2 * DAY).date()).delete()
    RuleFault.objects.filter(day__lt=kept.date()).delete()

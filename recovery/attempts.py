"""One attempt with a backup sign-in code: counted first, judged then, recorded when refused."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from accounts import factors
from accounts.models import User
from audit import events
from audit import services as audit
from core import allowances, client
from recovery import services as recovery

HOUR = timedelta(hours=1)
# Refusals beyond the limit are cheap to cause, so the log keeps only some of them.
REFUSALS_KEPT = 10


def claim(request: HttpRequest, user: User, *, at: datetime) -> None:
    """Take one of the attempts of this network and one of this user; raises allowances.Spent."""
    network = client.network(client.address(request))
    limit = settings.RECOVERY_TRIES_PER_NETWORK
    allowances.claim("recovery from network", network, limit=limit, per=HOUR, at=at)
    limit = settings.RECOVERY_TRIES_PER_USER
    allowances.claim("recovery", str(user.pk), limit=limit, per=HOUR, at=at)


@sensitive_variables("typed")
def judge(request: HttpRequest, user: User, *, typed: str, at: datetime) -> factors.Proof:
    """The proof of a good code; raises allowances.Spent or recovery.CodeRefused."""
    try:
        claim(request, user, at=at)
    except allowances.Spent:
        _record_spent(user, at=at)
        raise
    try:
        code_id = recovery.verify(user.pk, typed=typed)
    except recovery.CodeRefused as refusal:
        report(request, user, reason=refusal.reason, at=at)
        raise
    return factors.Proof(factor="recovery", reference=str(code_id), amr=recovery.AMR)


def report(request: HttpRequest, user: User, *, reason: str, at: datetime) -> None:
    """Record a refusal: why, never what."""
    factors.report_failure(
        request, user, factor="recovery", event=events.RECOVERY_REFUSED, reason=reason, at=at
    )


def _record_spent(user: User, *, at: datetime) -> None:
    try:
        allowances.claim("recovery refusals", str(user.pk), limit=REFUSALS_KEPT, per=HOUR, at=at)
    except allowances.Spent:
        return
    audit.record(events.RECOVERY_REFUSED, user=user.pk, facts={"reason": "too many codes"}, at=at)

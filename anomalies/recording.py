"""A row for every attempt to sign in, good or bad."""

from __future__ import annotations

import hmac
import logging
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.http import HttpRequest

from accounts.models import PendingSignIn, User
from anomalies import browsers, facts, rules, thresholds
from anomalies.models import LoginAttempt, RuleFault
from core import client, lasting

logger = logging.getLogger(__name__)
PURPOSE = "sign-in-check"
ATTRIBUTE = "sign_in_attempt"


def begin(request: HttpRequest, pending: PendingSignIn, *, at: datetime) -> LoginAttempt:
    """The row of a sign-in whose first factor was right. It is there once, whoever asks."""
    located = facts.locate(client.address(request), at=at)
    attempt = LoginAttempt(
        at=at,
        user=pending.user,
        pending_id=pending.id,
        outcome=LoginAttempt.Outcome.UNFINISHED,
        stage=pending.amr[0],
        methods=list(pending.amr),
        browser=client.browser(request),
        browser_key=browsers.key_of(request, pending.user.pk),
        **located.columns(),
    )
    try:
        with transaction.atomic():
            attempt.save(force_insert=True)
    except IntegrityError:
        # Another request of the same browser was faster.
        return LoginAttempt.objects.get(pending_id=pending.id)
    setattr(request, ATTRIBUTE, attempt)
    return attempt


def of_pending(request: HttpRequest, pending: PendingSignIn, *, at: datetime) -> LoginAttempt:
    kept: LoginAttempt | None = getattr(request, ATTRIBUTE, None)
    if kept is not None and kept.pending_id == pending.id:
        return kept
    row = LoginAttempt.objects.filter(pending_id=pending.id).first()
    return row or begin(request, pending, at=at)


def fail(request: HttpRequest, *, address: str, stage: str, at: datetime) -> LoginAttempt:
    """The row of an attempt that was refused."""
    user = User.objects.filter(email=address).first() if address else None
    located = facts.locate(client.address(request), at=at)
    return LoginAttempt.objects.create(
        at=at,
        user=user,
        unknown_address=hash_of(address) if address and user is None else "",
        outcome=LoginAttempt.Outcome.REFUSED,
        stage=stage[:20],
        browser=client.browser(request),
        browser_key=browsers.key_of(request, user.pk) if user else "",
        **located.columns(),
    )


def hash_of(address: str) -> str:
    """The same for each attempt with an address, and no way back to it."""
    return hmac.digest(lasting.key(PURPOSE), address.encode(), "sha256").hex()


def judge(
    attempt: LoginAttempt,
    user: User,
    located: facts.Located,
    *,
    browser_key: str,
    at: datetime,
    **columns: Any,
) -> LoginAttempt:
    """Score an attempt and note what was found, and further columns with it, for `change`.

    A later look never lowers the score.
    """
    gathered, is_known = facts.gather(user, located, browser_key=browser_key, at=at)
    limits = thresholds.current()
    found = rules.assess(gathered, limits, on_fault=lambda rule: note_fault(rule, at=at))
    if attempt.score is not None and found.score < attempt.score:
        note(attempt, **columns)
        return attempt
    note(
        attempt,
        **columns,
        **located.columns(),
        browser_key=browser_key,
        is_known_browser=is_known,
        # A place goes on being vouched for as long as it is used.
        is_vouched_for=gathered.is_vouched_for,
        findings=[finding.as_json() for finding in found.findings],
        unevaluated=dict(found.unevaluated),
        score=found.score,
        level=rules.level_of(found.score, limits),
    )
    return attempt


def note_fault(rule: str, *, at: datetime) -> None:
    """Count a rule that failed; the count is shown to the operators."""
    logger.error("The rule “%s” failed and is not evaluated.", rule, exc_info=True)  # noqa: LOG014 - called where the fault is handled
    row, _ = RuleFault.objects.get_or_create(rule=rule, day=at.date())
    RuleFault.objects.filter(pk=row.pk).update(count=F("count") + 1)


def note(attempt: LoginAttempt, **columns: Any) -> None:
    """Set columns of an attempt, which the next `change` writes."""
    changed = {name for name, value in columns.items() if getattr(attempt, name) != value}
    for name in changed:
        setattr(attempt, name, columns[name])
    attempt.unwritten |= changed


def change(attempt: LoginAttempt, **columns: Any) -> None:
    """Write these columns of an attempt and those noted before, and nothing else of it."""
    note(attempt, **columns)
    columns = {name: getattr(attempt, name) for name in attempt.unwritten}
    attempt.unwritten = frozenset()
    if columns:
        LoginAttempt.objects.filter(pk=attempt.pk).update(**columns)


def find(attempt_id: UUID | str | None) -> LoginAttempt | None:
    return LoginAttempt.objects.filter(pk=attempt_id).first() if attempt_id else None

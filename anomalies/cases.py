"""Cases for the operators: opened by a score, a held sign-in or a user's word; closed once."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts import signals
from accounts.models import User
from anomalies import baseline, demands, grants, rules
from anomalies.models import LoginAttempt, ReviewCase
from audit import events
from audit import services as audit
from notifications import services as notifications

State, Origin = ReviewCase.State, ReviewCase.Origin


class CaseClosed(Exception):
    """Somebody has decided already, perhaps by the first half of a double click."""


def file(
    attempt: LoginAttempt, *, origin: str = "", at: datetime, reopens: bool = False
) -> ReviewCase | None:
    """Open a case for an attempt of medium or high risk; there is one for each attempt."""
    user = attempt.user
    if user is None or (not origin and attempt.level not in (rules.MEDIUM, rules.HIGH)):
        return None
    if not origin:
        is_held = attempt.outcome == LoginAttempt.Outcome.HELD
        origin = Origin.HELD if is_held else Origin.SCORE
    names = " ".join(str(finding["rule"]) for finding in attempt.findings)
    row, is_new = ReviewCase.objects.get_or_create(
        attempt=attempt,
        defaults={
            "user": user,
            "origin": origin,
            "level": attempt.level or rules.LOW,
            "country": attempt.country,
            "rules": f" {names} ",
            "opened_at": at,
        },
    )
    if not is_new and (reopens or (row.is_open and origin != Origin.SCORE)):
        ReviewCase.objects.filter(pk=row.pk).update(
            origin=origin, state=State.OPEN, closed_at=None, closed_by="", reason=""
        )
        row.refresh_from_db()
    return row


def mark_safe(case_id: UUID, *, by: User, reason: str, at: datetime) -> ReviewCase:
    """It was the user, or harmless: the baseline learns from it. Raises CaseClosed."""
    with transaction.atomic():
        case = _close(case_id, State.SAFE, by=by, reason=reason, at=at)
        baseline.learn(case.attempt, at=at)
        _record(case, events.CASE_MARKED_SAFE, by=by, at=at)
    return case


def confirm_compromise(case_id: UUID, *, by: User, reason: str, at: datetime) -> ReviewCase:
    """End the sessions and keep the account closed until its password is new. Raises CaseClosed."""
    with transaction.atomic():
        case = _close(case_id, State.COMPROMISED, by=by, reason=reason, at=at)
        baseline.unlearn(case.attempt, at=at)
        user = User.objects.get(pk=case.user_id)
        demands.demand(user, by_operator=True, at=at)
        grants.stop_all(user.pk, at=at)
        signals.credentials_changed.send(sender=User, user_id=user.pk, but=None, at=at)
        signals.account_compromised.send(sender=User, user_id=user.pk, drops_codes=False, at=at)
        _record(case, events.ACCOUNT_COMPROMISED, by=by, at=at)
        words = {"reason": reason, "address": "", "browser": ""}
        notifications.notify(user, "account_closed_until_new_password", params=words, at=at)
    return case


def approve(case_id: UUID, *, by: User, reason: str, at: datetime) -> ReviewCase:
    """Let the held sign-in of a case in. Raises CaseClosed or grants.NothingToApprove."""
    with transaction.atomic():
        case = _close(case_id, State.APPROVED, by=by, reason=reason, at=at)
        held = grants.of_browser(case.user, case.attempt.browser_key, at=at)
        if held is None:
            raise grants.NothingToApprove
        grants.approve(held.pk, reason=reason, by=str(by.pk), at=at)
    return case


def _close(case_id: UUID, state: str, *, by: User, reason: str, at: datetime) -> ReviewCase:
    rows = ReviewCase.objects.filter(pk=case_id, state=State.OPEN)
    if rows.update(state=state, closed_at=at, closed_by=by.email, reason=reason) != 1:
        raise CaseClosed
    return ReviewCase.objects.select_related("attempt", "user").get(pk=case_id)


def _record(case: ReviewCase, event: str, *, by: User, at: datetime) -> None:
    audit.record(
        event,
        user=case.user_id,
        details={"reason": case.reason},
        facts={"by": str(by.pk), "object_id": str(case.pk)},
        at=at,
    )

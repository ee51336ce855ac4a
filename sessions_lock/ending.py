"""Ending sessions: each ends once, is recorded once and announced once, whoever else tries.

On PostgreSQL the rows are locked before they are ended, on SQLite the whole database is; a
conditional update alone would not tell which rows it was that changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from audit import events
from audit import services as audit
from sessions_lock import signals
from sessions_lock.models import SessionActivity, SessionActivityQuerySet

Reason = SessionActivity.EndReason
BATCH = 500
# Of a row that ends; what it holds may be large, and is erased.
NEEDED = ("user_id", "lock_deadline", "absolute_deadline", "browser", "place", "address")


def end(
    ids: Iterable[UUID],
    reason: Reason,
    *,
    facts: Mapping[str, str] | None = None,
    details: Mapping[str, str] | None = None,
    at: datetime,
) -> list[SessionActivity]:
    """End these sessions as far as they are open; the answer is those that this call has ended."""
    with transaction.atomic():
        wanted = SessionActivity.objects.of_people().filter(pk__in=list(ids), ended_at=None)
        # In one order, so that two who end the same sessions do not wait for each other.
        rows = list(wanted.order_by("pk").only(*NEEDED).select_for_update())
        _end(rows, dict.fromkeys([row.pk for row in rows], reason), facts, details, at=at)
    return rows


def lock_lapsed(row: SessionActivity, *, at: datetime) -> bool:
    """End a session whose deadline has passed, as it was read; False when it has moved since."""
    same = SessionActivity.objects.filter(
        pk=row.pk,
        ended_at=None,
        last_activity_at=row.last_activity_at,
        lock_deadline=row.lock_deadline,
    )
    reason = _lapsed_by(row)
    with transaction.atomic():
        if same.update(ended_at=at, ended_reason=reason, session_data="") != 1:
            return False
        _record([row], {row.pk: reason}, None, None, at=at)
    row.ended_at, row.ended_reason = at, reason
    return True


def sweep(*, at: datetime) -> int:
    """End every session past its deadline, in batches; the answer is how many this call ended."""
    total = 0
    while ended := _sweep_batch(at=at):
        total += ended
    return total


def _sweep_batch(*, at: datetime) -> int:
    with transaction.atomic():
        due = SessionActivity.objects.due(at=at).order_by("lock_deadline")
        # A row that a request is just writing, or another sweep has taken, is left to them.
        rows = list(due.only(*NEEDED).select_for_update(skip_locked=True)[:BATCH])
        _end(rows, {row.pk: _lapsed_by(row) for row in rows}, None, None, at=at)
    return len(rows)


def _end(
    rows: list[SessionActivity],
    reasons: Mapping[UUID, Reason],
    facts: Mapping[str, str] | None,
    details: Mapping[str, str] | None,
    *,
    at: datetime,
) -> None:
    for reason in set(reasons.values()):
        chosen = [pk for pk, each in reasons.items() if each == reason]
        _open(chosen).update(ended_at=at, ended_reason=reason, session_data="")
    _record(rows, reasons, facts, details, at=at)


def _open(ids: list[UUID]) -> SessionActivityQuerySet:
    return SessionActivity.objects.filter(pk__in=ids, ended_at=None)


def _lapsed_by(row: SessionActivity) -> Reason:
    is_idle = row.lock_deadline is not None and row.lock_deadline < row.absolute_deadline
    return Reason.IDLE if is_idle else Reason.TOO_OLD


def _record(
    rows: list[SessionActivity],
    reasons: Mapping[UUID, Reason],
    facts: Mapping[str, str] | None,
    details: Mapping[str, str] | None,
    *,
    at: datetime,
) -> None:
    audit.record_many(
        (_entry(row, reasons[row.pk], facts or {}, details or {}) for row in rows),
        at=at,
    )
    for row in rows:
        signals.session_ended.send(
            sender=SessionActivity,
            session_id=row.pk,
            user_id=row.user_id,
            reason=str(reasons[row.pk].value),
            at=at,
        )


def _entry(
    row: SessionActivity, reason: Reason, facts: Mapping[str, str], details: Mapping[str, str]
) -> audit.Entry:
    is_lock = reason in SessionActivity.LOCKS
    return audit.Entry(
        event=events.SESSION_LOCKED if is_lock else events.SESSION_ENDED,
        user=row.user_id,
        details={"session": row.words, **details},
        facts={"session_id": str(row.pk), "reason": str(reason.value), **facts},
    )

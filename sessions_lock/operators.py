"""What operators may do to sessions: end and extend them, and end everybody's.

Each act is recorded for the person it concerns and told to them, with the reason. Nothing here
exempts a session from locking: an extension moves one deadline, at most to the absolute one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts.models import User
from audit import events
from audit import services as audit
from notifications import services as notifications
from sessions_lock import ending
from sessions_lock.models import SessionActivity
from sessions_lock.timeouts import NOWHERE

EXTENSIONS = (15, 30, 60)
BATCH = 500
Reason = SessionActivity.EndReason


def end(ids: Iterable[UUID], *, by: User, reason: str, at: datetime) -> int:
    """End these sessions; the answer is how many were still open."""
    with transaction.atomic():
        ended = _end(ids, by=by, reason=reason, at=at)
        _tell(ended, "session_ended_by_operator", reason=reason, at=at)
    return len(ended)


def end_of_people(users: Iterable[UUID], *, by: User, reason: str, at: datetime) -> int:
    """End every session of these people; the answer is the number of sessions."""
    live = SessionActivity.objects.live(at=at).filter(user_id__in=list(users))
    return end(live.values_list("pk", flat=True), by=by, reason=reason, at=at)


def end_everybodys(*, by: User, but: UUID, reason: str, at: datetime) -> int:
    """End all sessions of the site but the operator's own current one, in batches."""
    total = 0
    others = SessionActivity.objects.live(at=at).exclude(pk=but).values_list("pk", flat=True)
    while ids := list(others[:BATCH]):
        total += end(ids, by=by, reason=reason, at=at)
    audit.record(
        events.EVERYBODY_LOCKED,
        user=by.pk,
        details={"reason": reason},
        facts={"count": total},
        at=at,
    )
    return total


def extend(ids: Iterable[UUID], *, minutes: int, by: User, reason: str, at: datetime) -> int:
    """Let live sessions go on for `minutes` unused; the answer is how many were extended."""
    return sum(_extend(pk, minutes, by=by, reason=reason, at=at) for pk in ids)


def _extend(pk: UUID, minutes: int, *, by: User, reason: str, at: datetime) -> bool:
    row = SessionActivity.objects.live(at=at).filter(pk=pk).select_related("user").first()
    if row is None or row.lock_deadline is None or row.user is None:
        return False
    until = min(max(row.lock_deadline, at + timedelta(minutes=minutes)), row.absolute_deadline)
    with transaction.atomic():
        # Only a living row: what has ended meanwhile stays ended.
        live = SessionActivity.objects.live(at=at).filter(pk=pk, lock_deadline__lte=until)
        if live.update(lock_deadline=until) != 1:
            return False
        audit.record(
            events.SESSION_EXTENDED,
            user=row.user_id,
            details={"session": row.words, "reason": reason},
            facts={"session_id": str(pk), "operator": str(by.pk), "minutes": minutes},
            at=at,
        )
        params = {
            "session": row.words,
            "reason": reason,
            "until": f"{until.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        }
        notifications.notify(row.user, "session_extended", params={**params, **NOWHERE}, at=at)
    return True


def _end(ids: Iterable[UUID], *, by: User, reason: str, at: datetime) -> list[SessionActivity]:
    return ending.end(
        ids,
        Reason.BY_OPERATOR,
        facts={"operator": str(by.pk)},
        details={"reason": reason},
        at=at,
    )


def _tell(ended: list[SessionActivity], kind: str, *, reason: str, at: datetime) -> None:
    """One notice for each person, however many of their sessions ended."""
    words: dict[UUID, list[str]] = defaultdict(list)
    for row in ended:
        if row.user_id:
            words[row.user_id].append(row.words)
    for user in User.objects.filter(pk__in=list(words)):
        params = {"session": "; ".join(words[user.pk]), "reason": reason, **NOWHERE}
        notifications.notify(user, kind, params=params, at=at)

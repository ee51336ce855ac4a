"""When a session locks: arithmetic on its row and a moment, without a query.

A session of a user is over at its lock deadline or its absolute one, whichever comes first, to the
microsecond: a moment before it lives, at the deadline itself it does not.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from sessions_lock.models import SessionActivity

# Machines that share a database may disagree by so much. An activity further ahead means that the
# clock was set back since, and time that nobody can vouch for is nobody's gain.
SKEW = timedelta(seconds=15)
SHORTEST_LEAD = timedelta(minutes=1)
LONGEST_LEAD = timedelta(minutes=5)


def longest_timeout() -> timedelta:
    return timedelta(minutes=settings.LOCK_MINUTES_MOST)


def of(row: SessionActivity) -> datetime:
    """The deadline of a user's session, under the longest timeout of the site today."""
    lock_deadline, active_at = row.lock_deadline, row.last_activity_at
    if lock_deadline is None or active_at is None:
        return row.started_at
    if row.timeout > longest_timeout():
        lock_deadline = min(lock_deadline, active_at + longest_timeout())
    return min(lock_deadline, row.absolute_deadline)


def has_passed(row: SessionActivity, *, at: datetime) -> bool:
    if row.user_id is None:
        return at >= row.absolute_deadline
    active_at = row.last_activity_at
    is_from_the_future = active_at is not None and active_at > at + SKEW
    return is_from_the_future or at >= of(row)


def after_activity(row: SessionActivity, *, active_at: datetime) -> datetime:
    """The deadline that an activity at `active_at` leads to; never earlier than today's."""
    moved = active_at + min(row.timeout, longest_timeout())
    return min(max(of(row), moved), row.absolute_deadline)


def is_final(row: SessionActivity) -> bool:
    """Whether no activity can move the deadline any more."""
    return of(row) >= row.absolute_deadline


def lead(timeout: timedelta) -> timedelta:
    """How long before the deadline people are warned: a fifth of it, one minute to five."""
    return min(max(timeout / 5, SHORTEST_LEAD), LONGEST_LEAD)

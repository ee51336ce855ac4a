"""Signs of a person, and the one conditional UPDATE by which they move a session's deadline."""

from __future__ import annotations

from datetime import datetime, timedelta

from sessions_lock import deadlines
from sessions_lock.models import SessionActivity

# Between two writes for one session. What is not written locks earlier, never later.
THROTTLE = timedelta(seconds=15)
# A page reports every half minute; a device that slept reports nothing older.
OLDEST_REPORT = timedelta(minutes=2)


def note(row: SessionActivity, *, at: datetime, idle: timedelta = timedelta(0)) -> bool:
    """Move the deadline for something a person did `idle` before `at`; False when nothing moved.

    The row is compared whole with what was read: whatever ended, moved or shortened the session
    since then wins, and nothing comes back to life.
    """
    active_at = at - min(max(idle, timedelta(0)), OLDEST_REPORT)
    if row.last_activity_at is None or active_at - row.last_activity_at < THROTTLE:
        return False
    deadline = deadlines.after_activity(row, active_at=active_at)
    moved = SessionActivity.objects.filter(
        pk=row.pk,
        ended_at=None,
        last_activity_at=row.last_activity_at,
        lock_deadline=row.lock_deadline,
        timeout_seconds=row.timeout_seconds,
        lock_deadline__gt=at,
        absolute_deadline__gt=at,
    ).update(last_activity_at=active_at, lock_deadline=deadline)
    if moved != 1:
        return False
    row.last_activity_at, row.lock_deadline = active_at, deadline
    return True

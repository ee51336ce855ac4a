from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from sessions_lock.models import SessionActivity
from sessions_lock.store import hash_key

KEPT_AFTER_END = timedelta(days=30)


def describe(session_key: str, *, address: str, browser: str, amr: list[str]) -> None:
    """Note from where and how a session that just started was proven."""
    SessionActivity.objects.filter(key_hash=hash_key(session_key)).update(
        address=address, browser=browser, amr=amr
    )


def end_others(user_id: UUID, *, but: str | None, at: datetime) -> int:
    """End the user's sessions except the one with key `but`; the answer is their number."""
    rows = SessionActivity.objects.filter(user_id=user_id, ended_at=None)
    if but is not None:
        rows = rows.exclude(key_hash=hash_key(but))
    return rows.update(
        ended_at=at,
        ended_reason=SessionActivity.EndReason.CREDENTIALS_CHANGED,
        session_data="",
    )


def forget_ended(*, at: datetime) -> int:
    """Delete expired anonymous rows and the rows of sessions that ended a month ago."""
    past = Q(ended_at__lt=at - KEPT_AFTER_END) | Q(absolute_deadline__lt=at - KEPT_AFTER_END)
    anonymous = Q(user=None, absolute_deadline__lte=at)
    return SessionActivity.objects.filter(past | anonymous).delete()[0]

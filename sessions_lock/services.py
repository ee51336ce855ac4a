"""Sessions as their users deal with them: described, listed, locked and ended."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts.models import User
from core import geo
from notifications import services as notifications
from sessions_lock import ending
from sessions_lock.models import SessionActivity, SessionActivityQuerySet
from sessions_lock.store import hash_key

KEPT_AFTER_END = timedelta(days=30)
Reason = SessionActivity.EndReason


class SessionGone(Exception):
    """The session has ended already."""


def describe(session_key: str, *, address: str, browser: str, amr: list[str]) -> None:
    """Note from where and how a session that just started was proven."""
    place = str(geo.locate(address) or "")[:120] if address else ""
    SessionActivity.objects.filter(key_hash=hash_key(session_key)).update(
        address=address, browser=browser, place=place, amr=amr
    )


def keep_to_limit(user: User, *, at: datetime) -> list[SessionActivity]:
    """End the oldest sessions beyond those a user may have at once; the user is told."""
    with transaction.atomic():
        # Whoever signs in at the same moment counts after this: both would end the same one.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        live = SessionActivity.objects.live(at=at).filter(user=user)
        newest_first = live.order_by("-started_at", "-pk").values_list("pk", flat=True)
        ended = ending.end(newest_first[settings.SESSIONS_PER_USER :], Reason.TOO_MANY, at=at)
        for row in ended:
            words = {"session": row.words, "limit": str(settings.SESSIONS_PER_USER)}
            notifications.notify(user, "session_limit", params=words, at=at)
    return ended


def live_of(user: User, *, at: datetime) -> SessionActivityQuerySet:
    """What the page of a user's sessions lists, the latest seen first."""
    rows = SessionActivity.objects.for_owner(user).live(at=at)
    return rows.defer("session_data").order_by("-last_activity_at", "-started_at")


def end_one(user: User, session_id: UUID, *, at: datetime) -> SessionActivity:
    """End a session of one's own from another one; raises SessionGone. The user is told."""
    with transaction.atomic():
        own = SessionActivity.objects.for_owner(user).filter(pk=session_id)
        ended = ending.end(own.values_list("pk", flat=True), Reason.ENDED_ELSEWHERE, at=at)
        if not ended:
            raise SessionGone
        notifications.notify(user, "sessions_ended", params={"count": "1"}, at=at)
    return ended[0]


def end_all_others(user: User, *, but: UUID, at: datetime) -> int:
    """End all of one's own sessions but one; the answer is their number. The user is told."""
    with transaction.atomic():
        others = SessionActivity.objects.for_owner(user).live(at=at).exclude(pk=but)
        ended = ending.end(others.values_list("pk", flat=True), Reason.ENDED_ELSEWHERE, at=at)
        if ended:
            words = {"count": str(len(ended))}
            notifications.notify(user, "sessions_ended", params=words, at=at)
    return len(ended)


def lock(session_id: UUID, *, at: datetime) -> None:
    """Lock a session at the wish of the person in front of it."""
    ending.end([session_id], Reason.LOCKED_BY_HAND, at=at)


def end_others(user_id: UUID, *, but: str | None, at: datetime) -> int:
    """End the user's sessions except the one with key `but`, as credentials have changed.

    The deed that changed them tells the user; the answer is the number of sessions.
    """
    rows = SessionActivity.objects.filter(user_id=user_id, ended_at=None)
    if but is not None:
        rows = rows.exclude(key_hash=hash_key(but))
    ids = rows.values_list("pk", flat=True)
    return len(ending.end(ids, Reason.CREDENTIALS_CHANGED, at=at))


def end_all(*, at: datetime) -> int:
    """End every session of the site, as after a restore."""
    return SessionActivity.objects.filter(ended_at=None).update(
        ended_at=at,
        ended_reason=SessionActivity.EndReason.CREDENTIALS_CHANGED,
        session_data="",
    )


def forget_ended(*, at: datetime) -> int:
    """Delete expired anonymous rows and the rows of sessions that ended a month ago."""
    past = Q(ended_at__lt=at - KEPT_AFTER_END) | Q(absolute_deadline__lt=at - KEPT_AFTER_END)
    anonymous = Q(user=None, absolute_deadline__lte=at)
    return SessionActivity.objects.filter(past | anonymous).delete()[0]

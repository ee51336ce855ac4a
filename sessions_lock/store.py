"""The session store (`SESSION_ENGINE`): rows that end, and are never brought back by a late save.

The deadlines are read with the session: whoever asks for it past them gets an empty one, and finds
in `over` the row of the session that was. Rotating the key is one UPDATE of the row. It keeps the
old key's hash for half a minute, only so that a background request already on its way can be told
apart from a stranger's.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.db import IntegrityError, transaction
from django.utils import timezone

from sessions_lock import deadlines, signals, timeouts
from sessions_lock.models import SessionActivity

OVERLAP = timedelta(seconds=30)
ANONYMOUS_LIFETIME = timedelta(hours=1)
# How long the sign-in page remembers whose session has locked in this browser.
REMEMBERED_FOR = timedelta(hours=12)
ENDED = "ended_session"


def hash_key(session_key: str | None) -> str:
    """SHA-256 of a session key, in hexadecimal, as the rows keep it."""
    return hashlib.sha256((session_key or "").encode()).hexdigest()


class SessionStore(SessionBase):
    if TYPE_CHECKING:
        # Of the base class, which its stubs leave out.
        _session: dict[str, Any]

        def _get_session(self, no_load: bool = False) -> dict[str, Any]: ...

        def _get_new_session_key(self) -> str: ...

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self.is_superseded = False
        self.was_flushed = False
        # The row as it was read: of the session that lives, or of one that is over.
        self.row: SessionActivity | None = None
        self.over: SessionActivity | None = None
        self._came_with = session_key
        self._stored_user_id: str | None = None

    def exists(self, session_key: str) -> bool:
        return SessionActivity.objects.filter(key_hash=hash_key(session_key)).exists()

    def load(self) -> dict[str, Any]:
        key_hash, now = hash_key(self.session_key), timezone.now()
        row = SessionActivity.objects.filter(key_hash=key_hash).first()
        if row is not None and row.ended_at is None and not deadlines.has_passed(row, at=now):
            self.row = row
            self._stored_user_id = str(row.user_id) if row.user_id else None
            return self.decode(row.session_data)
        if row is None:
            self.is_superseded = SessionActivity.objects.filter(
                previous_key_hash=key_hash, previous_until__gt=now, ended_at=None
            ).exists()
        self.over = row
        self._session_key = None
        return {}

    def reload(self, session_key: str) -> None:
        """Read the row once more, as somebody has moved it since."""
        self.row = self.over = None
        self._session_key = session_key
        self._session_cache = self.load()

    @property
    def ended(self) -> SessionActivity | None:
        """The user's session that was over when this browser came, if that was so."""
        self._get_session()
        ended_id = self.over.pk if self.over is not None else self.get(ENDED)
        if ended_id is None or self.get(SESSION_KEY):
            return None
        rows = SessionActivity.objects.of_people().select_related("user")
        return rows.defer("session_data").filter(pk=ended_id).first()

    @property
    def known_address(self) -> str:
        """The address of whose session has locked in this browser a while ago, or nothing.

        It is told to nobody but who came with the key of that session.
        """
        row = self.ended
        if row is None or row.user is None or row.ended_at is None:
            return ""
        is_recent = timezone.now() - row.ended_at < REMEMBERED_FOR
        return row.user.email if row.ended_reason in row.LOCKS and is_recent else ""

    def create(self) -> None:
        while True:
            self._session_key = self._get_new_session_key()
            try:
                self.save(must_create=True)
            except CreateError:
                continue
            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:
        if self.session_key is None:
            self.create()
            return
        content = self._get_session(no_load=must_create)
        self._remember_what_ended(content)
        columns: dict[str, Any] = {"session_data": self.encode(content)}
        user_id = content.get(SESSION_KEY)
        if must_create or user_id != self._stored_user_id:
            columns |= _columns_of_a_start(user_id, at=timezone.now())
        if must_create:
            self._insert(columns)
        else:
            self._update(columns)
        self._stored_user_id = user_id

    def _remember_what_ended(self, content: dict[str, Any]) -> None:
        # The sign-in page may start an anonymous session long before anybody signs in.
        if content.get(SESSION_KEY):
            content.pop(ENDED, None)
        elif self.over is not None and self.over.user_id:
            content[ENDED] = str(self.over.pk)

    def delete(self, session_key: str | None = None) -> None:
        """End the session. Its row stays for the user to see, without what the session held."""
        key = session_key or self.session_key
        if key is None:
            return
        rows = SessionActivity.objects.filter(key_hash=hash_key(key), ended_at=None)
        rows.filter(user=None).delete()
        row, now = rows.only("id", "user_id").first(), timezone.now()
        reason = SessionActivity.EndReason.SIGNED_OUT
        with transaction.atomic():
            if row and rows.update(ended_at=now, ended_reason=reason, session_data=""):
                signals.session_ended.send(
                    sender=SessionActivity,
                    session_id=row.pk,
                    user_id=row.user_id,
                    reason=str(reason.value),
                    at=now,
                )

    def flush(self) -> None:
        super().flush()
        self.was_flushed = True
        self.over = None
        self._stored_user_id = None

    def cycle_key(self) -> None:
        content = self._session
        if self.session_key is None:
            self.create()
        else:
            self._move_to(self._get_new_session_key(), at=timezone.now())
        self._session_cache = content
        self.modified = True

    def _move_to(self, new_key: str, *, at: datetime) -> None:
        # The key that browsers still hold is the one this request came with: of two rotations in
        # one request nobody ever saw the key between.
        known_key = self._came_with or self.session_key
        moved = SessionActivity.objects.filter(
            key_hash=hash_key(self.session_key), ended_at=None
        ).update(
            key_hash=hash_key(new_key),
            previous_key_hash=hash_key(known_key),
            previous_until=at + OVERLAP,
        )
        if moved != 1:
            raise UpdateError
        self._session_key = new_key
        if self.row is not None and self.row.user_id:
            signals.session_key_rotated.send(
                sender=SessionActivity,
                session_id=self.row.pk,
                user_id=self.row.user_id,
                at=at,
            )

    @classmethod
    def clear_expired(cls) -> None:
        SessionActivity.objects.filter(absolute_deadline__lte=timezone.now()).delete()

    def _insert(self, columns: dict[str, Any]) -> None:
        try:
            with transaction.atomic():
                SessionActivity.objects.create(key_hash=hash_key(self.session_key), **columns)
        except IntegrityError:
            raise CreateError from None

    def _update(self, columns: dict[str, Any]) -> None:
        # Only a living row: a request that began before the session ended must not revive it.
        rows = SessionActivity.objects.filter(key_hash=hash_key(self.session_key), ended_at=None)
        if rows.update(**columns) != 1:
            raise UpdateError


def _columns_of_a_start(user_id: str | None, *, at: datetime) -> dict[str, Any]:
    if not user_id:
        return {"user_id": None, "started_at": at, "absolute_deadline": at + ANONYMOUS_LIFETIME}
    timeout = timeouts.effective(user_id)
    absolute_deadline = at + timedelta(hours=settings.SESSION_HOURS)
    return {
        "user_id": user_id,
        "started_at": at,
        "last_activity_at": at,
        "timeout_seconds": int(timeout.total_seconds()),
        "lock_deadline": min(at + timeout, absolute_deadline),
        "absolute_deadline": absolute_deadline,
    }

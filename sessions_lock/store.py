"""The session store (`SESSION_ENGINE`): rows that end, and are never brought back by a late save.

Rotating the key is one UPDATE of the row. It keeps the old key's hash for half a minute, only so
that a background request already on its way can be told apart from a stranger's.
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

from sessions_lock.models import SessionActivity

OVERLAP = timedelta(seconds=30)
ANONYMOUS_LIFETIME = timedelta(hours=1)


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
        self._stored_user_id: str | None = None

    def exists(self, session_key: str) -> bool:
        return SessionActivity.objects.filter(key_hash=hash_key(session_key)).exists()

    def load(self) -> dict[str, Any]:
        key_hash, now = hash_key(self.session_key), timezone.now()
        row = SessionActivity.objects.filter(
            key_hash=key_hash, ended_at=None, absolute_deadline__gt=now
        ).first()
        if row is None:
            self.is_superseded = SessionActivity.objects.filter(
                previous_key_hash=key_hash, previous_until__gt=now, ended_at=None
            ).exists()
            self._session_key = None
            return {}
        self._stored_user_id = str(row.user_id) if row.user_id else None
        return self.decode(row.session_data)

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
        columns: dict[str, Any] = {"session_data": self.encode(content)}
        user_id = content.get(SESSION_KEY)
        if must_create or user_id != self._stored_user_id:
            columns |= _columns_of_a_start(user_id, at=timezone.now())
        if must_create:
            self._insert(columns)
        else:
            self._update(columns)
        self._stored_user_id = user_id

    def delete(self, session_key: str | None = None) -> None:
        """End the session. Its row stays for the user to see, without what the session held."""
        key = session_key or self.session_key
        if key is None:
            return
        rows = SessionActivity.objects.filter(key_hash=hash_key(key), ended_at=None)
        rows.filter(user=None).delete()
        rows.update(
            ended_at=timezone.now(),
            ended_reason=SessionActivity.EndReason.SIGNED_OUT,
            session_data="",
        )

    def flush(self) -> None:
        super().flush()
        self.was_flushed = True
        self._stored_user_id = None

    def cycle_key(self) -> None:
        content = self._session
        if self.session_key is None:
            self.create()
        else:
            old_hash, new_key = hash_key(self.session_key), self._get_new_session_key()
            moved = SessionActivity.objects.filter(key_hash=old_hash, ended_at=None).update(
                key_hash=hash_key(new_key),
                previous_key_hash=old_hash,
                previous_until=timezone.now() + OVERLAP,
            )
            if moved != 1:
                raise UpdateError
            self._session_key = new_key
        self._session_cache = content
        self.modified = True

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
    lifetime = timedelta(hours=settings.SESSION_HOURS) if user_id else ANONYMOUS_LIFETIME
    return {"user_id": user_id, "started_at": at, "absolute_deadline": at + lifetime}

"""The session store and middleware as they would be without auto-lock, for comparison alone.

One look-up, one expiry, no deadlines, nothing written for an activity.
"""

from __future__ import annotations

from typing import Any

from django.contrib.sessions import middleware
from django.utils import timezone

from sessions_lock import store
from sessions_lock.models import SessionActivity


class SessionStore(store.SessionStore):
    def load(self) -> dict[str, Any]:
        row = SessionActivity.objects.filter(
            key_hash=store.hash_key(self.session_key),
            ended_at=None,
            absolute_deadline__gt=timezone.now(),
        ).first()
        if row is None:
            self._session_key = None
            return {}
        # Only so that the page shows the same: what it costs to draw is not what is compared.
        self.row = row
        self._stored_user_id = str(row.user_id) if row.user_id else None
        return self.decode(row.session_data)


class SessionMiddleware(middleware.SessionMiddleware):
    pass

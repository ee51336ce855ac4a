from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

from sessions_lock import pages
from sessions_lock.models import SessionActivity


def auto_lock(request: HttpRequest) -> dict[str, Callable[[], Any]]:
    """The time a page has left, and on the sign-in page why the last session ended.

    The first comes from the row that was read with the session, and asks for nothing more.
    """
    session = getattr(request, "session", None)

    @functools.cache
    def left() -> dict[str, object] | None:
        row: SessionActivity | None = getattr(session, "row", None)
        # A session that ended while this page was made, at a sign-out, has no time left to show.
        is_signed_in = bool(getattr(getattr(request, "user", None), "is_authenticated", False))
        return pages.state(row) if row is not None and row.user_id and is_signed_in else None

    @functools.cache
    def ended() -> SessionActivity | None:
        row: SessionActivity | None = getattr(session, "ended", None)
        return row

    return {"auto_lock": left, "ended_session": ended}

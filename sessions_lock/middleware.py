"""The session of a request, and whether it is over: decided before any view, by the row alone."""

from __future__ import annotations

import functools
import logging
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.sessions import middleware as sessions
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from accounts.middleware import SAFE_METHODS, page_of
from sessions_lock import activity, ending
from sessions_lock.models import SessionActivity
from sessions_lock.store import SessionStore

logger = logging.getLogger(__name__)

BACKGROUND = "X-Background"
# Served whatever the session is: whether the site is well, and the way out of it.
EXEMPT = ("health-live", "health-ready", "accounts:sign-out")
# What a page loads along with itself; a person asked for the page.
ALONG_WITH_A_PAGE = {
    *("audio", "font", "image", "manifest", "script", "style", "track", "video"),
    *("serviceworker", "sharedworker", "worker"),
}
RETRIES = 3


def is_background(request: HttpRequest) -> bool:
    """Whether the page asked by itself (codes refresh, badge): never a sign of a person."""
    heartbeats = map(_path, settings.HEARTBEAT_VIEWS)
    return request.headers.get(BACKGROUND) == "1" or request.path in heartbeats


def shows_token(request: HttpRequest) -> bool:
    """Whether a program asks, with a token in place of a session."""
    return request.headers.get("Authorization", "").lower().startswith("bearer ")


def is_activity(request: HttpRequest) -> bool:
    """Whether a person did something: a page was opened, a form sent, a button pressed."""
    is_prefetch = "prefetch" in request.headers.get("Sec-Purpose", "")
    is_along = request.headers.get("Sec-Fetch-Dest", "") in ALONG_WITH_A_PAGE
    return not (is_background(request) or is_prefetch or is_along)


class SessionMiddleware(sessions.SessionMiddleware):
    """Django's, except that it ends sessions at their deadline and guards the cookie.

    An answer touches the cookie only when the session really changed: a poll that was on its way
    while the key rotated must neither delete the new cookie nor set the old one again. It is
    answered 204.
    """

    def process_request(  # type: ignore[override]
        self, request: HttpRequest
    ) -> HttpResponse | None:
        if shows_token(request):
            # Whatever cookie came along, its session is neither read nor kept alive.
            request.session = self.SessionStore()
            return None
        super().process_request(request)
        key = request.session.session_key
        if key is None or request.path in _exempt():
            return None
        session: Any = request.session
        session.keys()
        if session.is_superseded and is_background(request):
            return HttpResponse(status=204)
        if session.over is not None and session.over.ended_at is None:
            if _is_over(session, key):
                return _answer_locked(request)
            session = request.session
        if session.row is not None and session.row.user_id and is_activity(request):
            _note_activity(session.row)
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Another request has ended this session while the view ran: sign in again."""
        if not isinstance(error, UpdateError):
            return None
        return self._answer_interrupted(request)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        session = getattr(request, "session", None)
        is_unknown = session is not None and session.is_empty() and not session.was_flushed
        if session is None or is_unknown or is_background(request) or shows_token(request):
            patch_vary_headers(response, ("Cookie",))
            return response
        try:
            return super().process_response(request, response)
        except SessionInterrupted:
            return self._answer_interrupted(request)

    def _answer_interrupted(self, request: HttpRequest) -> HttpResponse:
        request.session = self.SessionStore()
        if is_background(request):
            return JsonResponse({"signed_in": False}, status=401)
        return redirect(settings.LOGIN_URL)


def _is_over(session: SessionStore, key: str) -> bool:
    """End the session whose deadline has passed; False when somebody was just in time."""
    for _ in range(RETRIES):
        row = session.over
        if row is None:
            return False
        if row.ended_at is not None or row.user_id is None:
            return row.user_id is not None
        if ending.lock_lapsed(row, at=timezone.now()):
            return True
        session.reload(key)
    return session.over is not None


def _note_activity(row: SessionActivity) -> None:
    try:
        activity.note(row, at=timezone.now())
    except OperationalError:
        # The page can still be read; the session only locks earlier than it might.
        logger.warning("An activity could not be kept.")


def _answer_locked(request: HttpRequest) -> HttpResponse | None:
    if is_background(request):
        response: HttpResponse = JsonResponse({"signed_in": False, "locked": True}, status=401)
    elif request.path == resolve_url(settings.LOGIN_URL):
        # Already where it leads; the page says why.
        return None
    else:
        query = urlencode(_way_back(request))
        response = redirect("?".join(filter(None, (resolve_url(settings.LOGIN_URL), query))))
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def _way_back(request: HttpRequest) -> dict[str, str]:
    is_page = request.method in SAFE_METHODS
    path = request.get_full_path() if is_page else page_of(request)
    return {"next": path} if path else {}


@functools.cache
def _path(name: str) -> str:
    return reverse(name)


def _exempt() -> set[str]:
    return {_path(name) for name in EXEMPT}

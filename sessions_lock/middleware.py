from __future__ import annotations

from django.conf import settings
from django.contrib.sessions import middleware as sessions
from django.contrib.sessions.backends.base import UpdateError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.cache import patch_vary_headers

BACKGROUND = "X-Background"


def is_background(request: HttpRequest) -> bool:
    """Whether the page asked by itself (codes refresh, badge): never a sign of a person."""
    return request.headers.get(BACKGROUND) == "1"


class SessionMiddleware(sessions.SessionMiddleware):
    """Django's, except that an answer touches the cookie only when the session really changed.

    A poll that was on its way while the key rotated must neither delete the new cookie nor set
    the old one again: it is answered 204.
    """

    def process_request(  # type: ignore[override]
        self, request: HttpRequest
    ) -> HttpResponse | None:
        super().process_request(request)
        if is_background(request):
            request.session.keys()
            if request.session.is_superseded:  # type: ignore[attr-defined]
                return HttpResponse(status=204)
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Another request has ended this session while the view ran: sign in again."""
        if not isinstance(error, UpdateError):
            return None
        request.session = self.SessionStore()
        return redirect(settings.LOGIN_URL)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        session = getattr(request, "session", None)
        is_unknown = session is not None and session.is_empty() and not session.was_flushed
        if session is None or is_unknown or is_background(request):
            patch_vary_headers(response, ("Cookie",))
            return response
        return super().process_response(request, response)

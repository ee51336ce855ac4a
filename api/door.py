"""The way in: which middleware judges a request for the API, and what every body must be.

A request with a token, or one that recovers a session, needs no session; nothing that a browser
adds by itself counts there, so that CSRF has no hold. A request with a session goes the way of a
page: sign-in, lock, CSRF, second factor and unusual jumps are judged before it gets here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.views.decorators.csrf import csrf_exempt

from api import problems

MOST_BYTES = 64 * 1024
WITHOUT_SESSION = ("v1/", "auth/")
View = Callable[..., HttpResponse]


def guarded(pattern: URLPattern) -> URLPattern:
    """The pattern of an operation, its view behind the door that fits it."""
    inner: View = pattern.callback

    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            _check_body(request)
        except problems.Refused as refusal:
            return refusal.as_response()
        return inner(request, *args, **kwargs)

    route = str(pattern.pattern)
    if route.startswith(WITHOUT_SESSION):
        view = csrf_exempt(login_not_required(view))
    return URLPattern(pattern.pattern, view, pattern.default_args, pattern.name)


def _check_body(request: HttpRequest) -> None:
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    # A page elsewhere can send text that looks like JSON, but not under this name.
    has_body = request.META.get("CONTENT_LENGTH") not in (None, "", "0")
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        raise problems.Refused(problems.TOO_LARGE)
    if has_body and request.content_type != "application/json":
        raise problems.Refused(problems.NOT_JSON)
    origin = request.headers.get("Origin", "")
    if origin and urlsplit(origin).netloc not in {request.get_host(), _own_host()}:
        raise problems.Refused(problems.FORGED)


def _own_host() -> str:
    return urlsplit(settings.SITE_URL).netloc

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.module_loading import import_string

from accounts import factors, policy

BACKGROUND = "X-Background"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
GetResponse = Callable[[HttpRequest], HttpResponse]
# What somebody whose time of grace is over may still open: the way to a factor, and the way out.
OPEN_TO_THE_FACTORLESS = {
    "accounts:enrol",
    "accounts:confirm",
    "accounts:oidc-confirm",
    "accounts:oidc-callback",
    "accounts:sign-out",
    "sessions_lock:heartbeat",
    "sessions_lock:lock",
    "accounts:sign-in",
    "accounts:reset-stop",
    "recovery:help",
    "help",
    "manifest",
    "offline",
    "service-worker",
    "health-live",
    "health-ready",
}
PREFIXES_OPEN_TO_THE_FACTORLESS = ("accounts:totp-enrol", "accounts:passkey-enrol", "help-")


def page_of(request: HttpRequest) -> str:
    """The page of this site that a form was sent from, or nothing.

    What was posted cannot be posted again after a sign-in; its page can be opened again.
    """
    came_from = urlsplit(request.headers.get("Referer", ""))
    return came_from.path if came_from.netloc == request.get_host() else ""


def is_visit(request: HttpRequest) -> bool:
    """Whether somebody looks in at the front door, who was not on the way to anything.

    A browser that holds a session's cookie was signed in here: it is led to the sign-in, which
    says why the session ended and leads back.
    """
    match = request.resolver_match
    is_front = match is not None and match.view_name == settings.LOGIN_REDIRECT_URL
    return is_front and not request.GET and settings.SESSION_COOKIE_NAME not in request.COOKIES


class LoginRequired(LoginRequiredMiddleware):
    """Everything needs a session but what is marked public; a page's own request is told 401."""

    def handle_no_permission(  # type: ignore[override]
        self, request: HttpRequest, view_func: Any
    ) -> HttpResponse:
        if request.headers.get(BACKGROUND) == "1":
            return JsonResponse({"signed_in": False}, status=401)
        if request.method not in SAFE_METHODS:
            return redirect_to_login(page_of(request) or request.get_full_path())
        if is_visit(request):
            welcome: Callable[[HttpRequest], HttpResponse] = import_string(settings.VISITORS_PAGE)
            return welcome(request)
        return super().handle_no_permission(request, view_func)


class EnrolmentGate:
    """Once the time of grace is over, somebody without a factor gets to the enrolment only."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if not request.user.is_authenticated or request.session.get(factors.HAS_FACTOR):
            return None
        if not policy.is_due(request.user, at=timezone.now()) or _is_open(request):
            return None
        if request.headers.get(BACKGROUND) == "1":
            return JsonResponse({"needs_second_factor": True}, status=403)
        return redirect("accounts:enrol")


class Preferences:
    """Language and time zone as the signed-in person chose them."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = getattr(request.user, "language", "")
        zone = _zone(getattr(request.user, "time_zone", ""))
        with (
            translation.override(language or translation.get_language()),
            timezone.override(zone),
        ):
            return self.get_response(request)


def _zone(name: str) -> zoneinfo.ZoneInfo | None:
    """The zone somebody chose, or None: names of zones are retired now and then."""
    try:
        return zoneinfo.ZoneInfo(name) if name else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return None


def _is_open(request: HttpRequest) -> bool:
    match = request.resolver_match
    name = match.view_name if match else ""
    return name in OPEN_TO_THE_FACTORLESS or name.startswith(PREFIXES_OPEN_TO_THE_FACTORLESS)

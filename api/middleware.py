"""What middleware and Django answer for an address of the API, told as a problem.

Auto-lock, CSRF, the time of grace for a second factor, an unusual jump, maintenance: each decides
here as on every page. It answers pages and redirects; a program is told the same in its own words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import resolve_url
from django.urls import reverse

from api import problems

PREFIX = "/api/"
GetResponse = Callable[[HttpRequest], HttpResponse]


class Problems:
    """Stands between the headers, which every answer gets, and all that decides."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_ours = request.path_info.startswith(PREFIX)
        is_fine = response.status_code < 300 or response["Content-Type"] == problems.MEDIA_TYPE
        if not is_ours or is_fine or (settings.DEBUG and response.status_code == 500):
            return response
        return _retold(request, response)


def _retold(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The same answer, with its headers and cookies, in other words."""
    kind, more = _kind_of(request, response)
    if "Location" in response:
        del response["Location"]
    if "Content-Length" in response:
        del response["Content-Length"]
    response.status_code = kind.status
    response["Content-Type"] = problems.MEDIA_TYPE
    response.content = problems.body(kind, **more)
    if kind.status == 401:
        response.headers.setdefault("WWW-Authenticate", 'Session realm="AuthNode"')
    return response


def _kind_of(request: HttpRequest, response: HttpResponse) -> tuple[problems.Kind, dict[str, Any]]:
    if 300 <= response.status_code < 400:
        return _kind_of_redirect(response)
    if response.status_code == 401 and "Clear-Site-Data" in response:
        return problems.SESSION_LOCKED, {}
    if getattr(request, "csrf_reason", None):
        return problems.FORGED, {}
    steps = {
        "needs_second_factor": (problems.FACTOR_NEEDED, "accounts:enrol"),
        "needs_confirmation": (problems.CONFIRMATION_NEEDED, "accounts:confirm"),
        "needs_new_password": (problems.NEW_PASSWORD_NEEDED, "accounts:password"),
    }
    for word, (kind, page) in steps.items():
        # What middleware tells a background request, which is not led anywhere.
        if isinstance(response, JsonResponse) and word.encode() in response.content:
            return kind, {"continue_at": reverse(page)}
    return problems.of_status(response.status_code), {}


def _kind_of_redirect(response: HttpResponse) -> tuple[problems.Kind, dict[str, Any]]:
    path = urlsplit(response["Location"]).path
    if path == resolve_url(settings.LOGIN_URL):
        is_locked = "Clear-Site-Data" in response
        return (problems.SESSION_LOCKED if is_locked else problems.NOT_SIGNED_IN), {}
    kinds = {
        reverse("accounts:enrol"): problems.FACTOR_NEEDED,
        reverse("accounts:password"): problems.NEW_PASSWORD_NEEDED,
        reverse("accounts:confirm"): problems.CONFIRMATION_NEEDED,
    }
    if path not in kinds:
        # CommonMiddleware would lead to the address with a slash, where nothing is.
        return problems.NOT_FOUND, {}
    return kinds[path], {"continue_at": path}

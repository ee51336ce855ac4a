from __future__ import annotations

import logging
import math
from collections.abc import Callable

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from core import allowances, client, throttle

logger = logging.getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponse]

PERMISSIONS = (
    "accelerometer=(), browsing-topics=(), camera=(self), clipboard-read=(self),"
    " clipboard-write=(self), display-capture=(), geolocation=(), gyroscope=(), hid=(),"
    " magnetometer=(), microphone=(), midi=(), payment=(),"
    " publickey-credentials-create=(self), publickey-credentials-get=(self), serial=(), usb=()"
)


class TrustedProxies:
    """Settle who is calling, then drop forwarding headers that no trusted proxy has set.

    Django believes X-Forwarded-Proto from anyone once SECURE_PROXY_SSL_HEADER is set.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        client.address(request)
        if not client.is_trusted_proxy(request.META.get("REMOTE_ADDR", "")):
            for header in client.FORWARDING_HEADERS:
                request.META.pop(header, None)
        return self.get_response(request)


class SecurityHeaders:
    """Headers that neither Django nor django-csp sets; pages are never stored by default."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class CompressPages(GZipMiddleware):
    """Compress pages, but none that repeats what an address carries.

    Whoever can put words into a compressed page and see its length guesses what else is in it
    (BREACH). From elsewhere words come in by the query alone, so that such pages stay as they are;
    Django pads the others by a random length besides.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if request.method != "GET" or request.META.get("QUERY_STRING") or not is_page:
            return response
        return super().process_response(request, response)


class ContentSecurityPolicy(CSPMiddleware):
    """The policy of the settings, but without Trusted Types for Django's admin.

    The admin's own scripts (jQuery among them) assign HTML text and would stop working.
    """

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith(f"/{settings.ADMIN_PATH}"):
            parts.replace = {
                **(parts.replace or {}),
                "require-trusted-types-for": None,
                "trusted-types": None,
            }
        return parts


class Refusals:
    """Turns the refusals that any view may raise into their pages."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, throttle.TooManyRequests):
            words = _("Too many requests from your network. Wait a moment and try again.")
            response = render(request, "429.html", {"refusal": words}, status=429)
            response.headers["Retry-After"] = str(error.retry_after)
            return response
        if isinstance(error, allowances.Spent):
            response = render(request, "429.html", {"retry_at": error.retry_at}, status=429)
            left = (error.retry_at - timezone.now()).total_seconds()
            response.headers["Retry-After"] = str(max(1, math.ceil(left)))
            return response
        if isinstance(error, OperationalError):
            # The disk is full, the database is locked or away. The transaction is undone; the
            # page is made without the database, and 503 keeps the session from being saved.
            logger.error("The database refused: %s", error)
            is_full = "full" in str(error) or "No space left" in str(error)
            page = render_to_string("503.html", {"is_full": is_full})
            return HttpResponse(page, status=503, headers={"Retry-After": "30"})
        return None

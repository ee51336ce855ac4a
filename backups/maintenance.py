"""While a restore writes, the site shows one page to everybody.

The flag lies in the cache, where every process of every machine sees it without asking the
database, and goes out by itself when the restoring process dies.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

logger = logging.getLogger(__name__)
KEY = "maintenance"
LASTS_SECONDS = 120
# How long a process may rely on what it saw.
SEEN_FOR_SECONDS = 1.0
OPEN_PATHS = ("/health/", "/offline/", "/service-worker.js")
_seen: tuple[float, bool] = (0.0, False)


def begin() -> None:
    """Show the page from now on; keep calling it, or it ends after two minutes."""
    _ask(lambda: cache.set(KEY, True, LASTS_SECONDS))


def end() -> None:
    _ask(lambda: cache.delete(KEY))


def is_on() -> bool:
    global _seen  # noqa: PLW0603 - one memory per process is what is meant
    seen_at, answer = _seen
    if time.monotonic() - seen_at > SEEN_FOR_SECONDS:
        try:
            answer = bool(cache.get(KEY))
        except Exception:  # noqa: BLE001 - each cache has errors of its own; limits refuse without it
            answer = False
        _seen = (time.monotonic(), answer)
    return answer


def _ask(cache_deed: Callable[[], object]) -> None:
    global _seen  # noqa: PLW0603 - as above
    _seen = (0.0, False)
    try:
        cache_deed()
    except Exception:  # noqa: BLE001 - as above; the restore is one transaction with or without a page
        logger.warning("The cache is away: nobody is shown that a backup is being restored.")


class Maintenance:
    """Answers 503 to everything but health checks and static files while a restore writes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_on() or request.path_info.startswith((*OPEN_PATHS, settings.STATIC_URL)):
            return self.get_response(request)
        headers = {"Retry-After": "30", "Cache-Control": "no-store"}
        if request.headers.get("X-Background"):
            return JsonResponse({"state": "maintenance"}, status=503, headers=headers)
        return HttpResponse(render_to_string("maintenance.html"), status=503, headers=headers)

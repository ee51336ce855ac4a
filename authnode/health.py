"""Health for machines: `live` says that the process answers, `ready` that it can do its work."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from audit import anchors, overview
from audit.models import ChainHead
from authnode import startup
from backups import watching
from jobs import services as jobs

logger = logging.getLogger(__name__)
BEAT_IS_LATE_AFTER = timedelta(minutes=3)


@login_not_required
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 when every part answers, else 503; each part is "ok", "failed" or "late"."""
    parts = {name: _outcome(name, check) for name, check in CHECKS.items()}
    is_ready = all(outcome == "ok" for outcome in parts.values())
    status = "ok" if is_ready else "failed"
    # Late backups and a broken audit chain are shown, and take no machine out of service.
    told = {name: _outcome(name, check) for name, check in TOLD.items()}
    shown = {"status": status, **parts, **told}
    return JsonResponse(shown, status=200 if is_ready else 503)


def _outcome(name: str, check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception:
        logger.exception("The health check of the %s failed.", name)
        return "failed"


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _cache() -> str:
    cache.set("health", "ok", 10)
    return "ok" if cache.get("health") == "ok" else "failed"


def _migrations() -> str:
    return "failed" if startup.missing_migrations() else "ok"


def _beat() -> str:
    last = jobs.last_beat()
    return "ok" if last and timezone.now() - last < BEAT_IS_LATE_AFTER else "late"


def _backups() -> str:
    return watching.outcome(at=timezone.now())


def _audit() -> str:
    """Whether the end of the chain is what its head and the newest anchor in `var/` say."""
    head = ChainHead.objects.filter(pk=ChainHead.ONLY).first() or ChainHead()
    return "ok" if overview.fits(head, anchors.newest()) else "failed"


TOLD: dict[str, Callable[[], str]] = {"backups": _backups, "audit": _audit}
CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "cache": _cache,
    "migrations": _migrations,
    "beat": _beat,
}

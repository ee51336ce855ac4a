from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from audit import context, events, services
from core import allowances, client

logger = logging.getLogger(__name__)

REFUSALS = {403: events.ACCESS_REFUSED, 429: events.THROTTLED}
# Whoever is refused thousands of times must not fill the disk: the log keeps this many of them.
REFUSALS_KEPT = 30
REFUSALS_PER = timedelta(minutes=1)
ADMIN = "admin"


class RequestContext:
    """Tells the audit log where a request comes from, and records refusals by itself.

    Of a request only the name of its URL is kept, never the path or the query.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        origin = context.Origin(
            address=client.address(request),
            browser=client.browser(request),
            request_id=uuid.uuid4().hex,
            is_request=True,
        )
        token = context.enter(origin)
        try:
            response = self.get_response(request)
            _record_afterwards(request, response, origin)
        finally:
            context.leave(token)
        response.headers["X-Request-ID"] = origin.request_id
        return response


def _record_afterwards(
    request: HttpRequest, response: HttpResponse, origin: context.Origin
) -> None:
    # Here every transaction of the view is over, so that its rollback takes nothing of this along.
    try:
        for write in origin.afterwards:
            write()
        if response.status_code in REFUSALS:
            _record_refusal(request, REFUSALS[response.status_code], origin)
        _record_admin_action(request, response)
    except DatabaseError:
        logger.exception("What was refused could not be recorded.")


def _record_refusal(request: HttpRequest, event: str, origin: context.Origin) -> None:
    now = timezone.now()
    network = client.network(origin.address)
    try:
        allowances.claim(event, network, limit=REFUSALS_KEPT, per=REFUSALS_PER, at=now)
    except allowances.Spent:
        return
    facts = {"view": _view_name(request), "method": request.method or ""}
    if getattr(request, "csrf_reason", None):
        facts["reason"] = "csrf"
    services.record(event, user=_user(request), facts=facts, at=now)


def _record_admin_action(request: HttpRequest, response: HttpResponse) -> None:
    # Actions on many objects leave no log entry that a receiver would hear of. One that was carried
    # out leads back to its list; the question before it, or a sign-in, leads elsewhere.
    match = request.resolver_match
    leads_to = urlsplit(response.headers.get("Location", "")).path
    if request.method != "POST" or match is None or leads_to != request.path:
        return
    if match.app_name == ADMIN and request.POST.get("action"):
        chosen = request.POST.getlist("_selected_action")
        services.record(
            events.ADMIN_CHANGED,
            user=_user(request),
            facts={
                "view": _view_name(request),
                "action": request.POST["action"],
                "object_ids": " ".join(chosen),
                "count": len(chosen),
                "all": request.POST.get("select_across") == "1",
            },
        )


def _view_name(request: HttpRequest) -> str:
    return request.resolver_match.view_name if request.resolver_match else ""


def _user(request: HttpRequest) -> services.Who:
    return getattr(request, "user", None)

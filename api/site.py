"""The API as django-ninja knows it: routers, and what refusals become."""

from __future__ import annotations

import math
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from api import problems
from api.endpoints import codes, entries, exports, sessions, tokens
from core import allowances, throttle

# Why a value is not taken, where pydantic's own words would be too technical.
SENTENCES = {
    "missing": _("This part is missing."),
    "extra_forbidden": _("Nobody knows this part."),
}

api = NinjaAPI(
    title="AuthNode",
    version="1",
    urls_namespace="api",
    docs_url=None,
    openapi_url=None,
)
api.add_router("/v1", entries.router)
api.add_router("/v1", codes.router)
api.add_router("/v1", tokens.router)
api.add_router("", sessions.router)
api.add_router("", exports.router)


@api.exception_handler(problems.Refused)
def tell_refused(request: HttpRequest, refusal: problems.Refused) -> HttpResponse:
    return refusal.as_response()


@api.exception_handler(Http404)
def tell_nothing_there(request: HttpRequest, error: Exception) -> HttpResponse:
    return problems.Refused(problems.NOT_FOUND).as_response()


@api.exception_handler(AuthenticationError)
def tell_not_signed_in(request: HttpRequest, error: Exception) -> HttpResponse:
    return problems.Refused(problems.NOT_SIGNED_IN).as_response()


@api.exception_handler(HttpError)
def tell_status(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problems.Refused(problems.of_status(error.status_code)).as_response()


@api.exception_handler(throttle.TooManyRequests)
def tell_throttled(request: HttpRequest, error: throttle.TooManyRequests) -> HttpResponse:
    headers = {"Retry-After": str(error.retry_after)}
    return problems.Refused(problems.TOO_MANY, headers=headers).as_response()


@api.exception_handler(allowances.Spent)
def tell_spent(request: HttpRequest, error: allowances.Spent) -> HttpResponse:
    left = math.ceil((error.retry_at - timezone.now()).total_seconds())
    headers = {"Retry-After": str(max(1, left))}
    return problems.Refused(problems.TOO_MANY, headers=headers).as_response()


@api.exception_handler(ValidationError)
def tell_not_valid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Which part, and what is wrong with it; never what it held."""
    errors = [_error(each) for each in error.errors]
    detail = "; ".join(f"{each['where']}: {each['problem']}" for each in errors[:5])
    return problems.Refused(problems.NOT_VALID, detail, errors=errors[:50]).as_response()


def _error(error: dict[str, Any]) -> dict[str, str]:
    # The name django-ninja gives to a function's argument says nothing to who asks.
    place = [str(part) for part in error["loc"] if part not in ("body_params", "wanted")]
    if place[:2] == ["body", "body"]:
        place = place[1:]
    return {"where": ".".join(place), "problem": SENTENCES.get(error["type"], error["msg"])}

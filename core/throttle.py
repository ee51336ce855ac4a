"""Coarse limits per network and view, on django-ratelimit.

They keep machines from hammering a page. What must hold exactly is counted by `core.allowances`.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django_ratelimit.core import get_usage

from core import client

logger = logging.getLogger(__name__)
View = Callable[..., HttpResponse]


class TooManyRequests(Exception):
    """Answered with 429 by `core.middleware.Refusals`; `retry_after` in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many requests from your network. Wait a moment and try again.")
        self.retry_after = retry_after


def throttle(group: str, rate: str) -> Callable[[View], View]:
    """Limit the views of a group to `rate` ("30/m") requests per client network, together."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            count(request, group=group, rate=rate)
            return view(request, *args, **kwargs)

        return limited

    return decorate


def count(request: HttpRequest, *, group: str, rate: str, key: str = "") -> None:
    """Count this request; raises TooManyRequests beyond the rate or when nothing can be counted.

    `key` is what is counted in place of the network: the id of a token.
    """

    def counted(group: str, request: HttpRequest) -> str:
        return key or client.network(client.address(request))

    try:
        usage = get_usage(request, group=group, key=counted, rate=rate, increment=True)
    except Exception:
        # The counter's store is away. An unlimited sign-in page would be the attacker's wish.
        logger.exception("Requests cannot be counted, so they are refused.")
        raise TooManyRequests(60) from None
    if usage is None or usage["should_limit"]:
        raise TooManyRequests(max(1, usage["time_left"]) if usage else 60)

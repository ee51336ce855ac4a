from __future__ import annotations

import functools
from collections.abc import Callable

from django.http import HttpRequest

from accounts import factors
from accounts.help import services as factor_help
from accounts.models import FactorReset


def factor_reset(request: HttpRequest) -> dict[str, Callable[[], FactorReset | None]]:
    """The reset that the banner of every page offers to stop; asked for by templates only."""

    @functools.cache
    def waiting() -> FactorReset | None:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return None
        # Nobody without factors can have them reset: those pages need not ask.
        return factor_help.waiting(user) if request.session.get(factors.HAS_FACTOR) else None

    return {"factor_reset": waiting}

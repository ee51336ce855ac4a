from __future__ import annotations

import functools
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from accounts import factors, policy
from accounts.help import services as factor_help
from accounts.models import FactorReset


def banners(request: HttpRequest) -> dict[str, Any]:
    """What stands at the top of every page. Templates call them: a page without asks for nothing.

    `factor_reset` is the reset that its owner may stop, `factor_due_at` the end of the time of
    grace for somebody without a factor, `resting_until` the end of the day after a reset that
    no factor has guarded.
    """
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    has_factor = bool(request.session.get(factors.HAS_FACTOR))

    @functools.cache
    def factor_reset() -> FactorReset | None:
        # Kept with the user, so that every session says so, and no other page asks for a row.
        return factor_help.waiting(user) if user.factor_reset_at else None

    def factor_due_at() -> datetime | None:
        due: datetime | None = None if has_factor else user.factor_due_at
        return due if policy.concerns(user) else None

    def resting_until() -> datetime | None:
        until: datetime | None = user.restricted_until if factors.is_resting(request) else None
        return until

    return {
        "factor_reset": factor_reset,
        "factor_due_at": factor_due_at,
        "resting_until": resting_until,
    }

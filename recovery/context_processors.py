from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest

from accounts import factors
from accounts.models import User
from recovery import services as recovery

DUE = "recovery_codes_due"


@dataclass(frozen=True, slots=True)
class Banners:
    """What every page reminds of: codes not made or kept yet, and a session that came in by one."""

    are_codes_due: bool
    is_restricted: bool


def note_due(request: HttpRequest, user: User) -> None:
    """Keep in the session whether to remind, so that pages with nothing to say ask for nothing."""
    if recovery.is_due(user):
        request.session[DUE] = True
    else:
        request.session.pop(DUE, None)


def recovery_banners(request: HttpRequest) -> dict[str, Callable[[], Banners | None]]:
    """The reminders of a page; asked for by templates only."""

    @functools.cache
    def due() -> Banners | None:
        user = getattr(request, "user", None)
        if not isinstance(user, User):
            return None
        if request.session.get(DUE):
            # Somebody may have done it in another browser meanwhile.
            note_due(request, user)
        banners = Banners(DUE in request.session, factors.owes_factor(request))
        return banners if banners.are_codes_due or banners.is_restricted else None

    return {"recovery_banners": due}

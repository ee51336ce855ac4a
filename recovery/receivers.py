from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.dispatch import receiver
from django.http import HttpRequest

from accounts import factors, signals
from accounts.models import User
from recovery import context_processors
from recovery import services as recovery


@receiver(signals.signed_in)
def remind(*, request: HttpRequest, user: User, **_: Any) -> None:
    if request.session.get(factors.HAS_FACTOR):
        context_processors.note_due(request, user)


@receiver(signals.second_factor_enrolled)
def remind_of_new_codes(*, request: HttpRequest, user: User, **_: Any) -> None:
    context_processors.note_due(request, user)


@receiver(signals.account_compromised)
def end_codes_of_the_compromised(
    *, user_id: UUID, drops_codes: bool, at: datetime, **_: Any
) -> None:
    if drops_codes:
        recovery.end_all(user_id, at=at)


@receiver(signals.credentials_changed)
def end_codes_without_factor(*, user_id: UUID, at: datetime, **_: Any) -> None:
    recovery.invalidate_without_factor(user_id, at=at)

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.dispatch import receiver
from django.http import HttpRequest

from accounts import signals
from accounts.models import User
from core import client
from sessions_lock import services


@receiver(signals.signed_in)
def describe_session(*, request: HttpRequest, amr: list[str], **_: Any) -> None:
    services.describe(
        request.session.session_key or "",
        address=client.address(request),
        browser=client.browser(request),
        amr=amr,
    )


@receiver(signals.signed_in)
def keep_to_limit(*, user: User, at: datetime, **_: Any) -> None:
    services.keep_to_limit(user, at=at)


@receiver(signals.credentials_changed)
def end_other_sessions(*, user_id: UUID, but: str | None, at: datetime, **_: Any) -> None:
    services.end_others(user_id, but=but, at=at)

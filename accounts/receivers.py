from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.dispatch import receiver

from accounts import signals
from accounts.reset import asking
from accounts.trusted import services as trusted


@receiver(signals.credentials_changed)
def drop_trusted_browsers(*, user_id: UUID, **_: Any) -> None:
    trusted.withdraw_all(user_id)


@receiver(signals.credentials_changed)
def withdraw_password_resets(*, user_id: UUID, at: datetime, **_: Any) -> None:
    asking.withdraw_all(user_id, at=at)

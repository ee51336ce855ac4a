from __future__ import annotations

from typing import Any
from uuid import UUID

from django.dispatch import receiver

from accounts import signals
from accounts.trusted import services as trusted


@receiver(signals.credentials_changed)
def drop_trusted_browsers(*, user_id: UUID, **_: Any) -> None:
    trusted.withdraw_all(user_id)

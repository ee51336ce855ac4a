from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.dispatch import receiver

from accounts.models import User
from keyslots import signals
from notifications import services as notifications


@receiver(signals.slots_changed)
def tell_of_slots(*, user_id: UUID, at: datetime, **_: Any) -> None:
    notifications.notify(User.objects.get(pk=user_id), "slot_changed", at=at)

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import timezone

from accounts import signals
from accounts.models import User
from api import services
from api.models import ApiToken


@receiver(signals.credentials_changed)
def end_tokens_of_changed_credentials(*, user_id: UUID, at: datetime, **_: Any) -> None:
    services.end_all(user_id, ApiToken.EndReason.CREDENTIALS_CHANGED, at=at)


@receiver(signals.account_compromised)
def end_tokens_of_the_compromised(*, user_id: UUID, at: datetime, **_: Any) -> None:
    services.end_all(user_id, ApiToken.EndReason.CREDENTIALS_CHANGED, at=at)


@receiver(post_save, sender=User)
def end_tokens_of_the_disabled(
    *, instance: User, created: bool, raw: bool = False, **_: Any
) -> None:
    if not (instance.is_active or created or raw):
        services.end_all(instance.pk, ApiToken.EndReason.ACCOUNT_CLOSED, at=timezone.now())

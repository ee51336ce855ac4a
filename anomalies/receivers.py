from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.dispatch import receiver
from django.http import HttpRequest

from accounts import signals
from accounts.models import PendingSignIn, User
from anomalies import mailed_codes, outcome, recording


@receiver(signals.sign_in_begun)
def note_begin(*, request: HttpRequest, pending: PendingSignIn, at: datetime, **_: Any) -> None:
    recording.begin(request, pending, at=at)


@receiver(signals.sign_in_failed)
def note_failure(*, request: HttpRequest, address: str, stage: str, at: datetime, **_: Any) -> None:
    recording.fail(request, address=address, stage=stage, at=at)


@receiver(signals.signed_in)
def note_start(*, request: HttpRequest, user: User, amr: list[str], at: datetime, **_: Any) -> bool:
    return outcome.started(request, user, amr=amr, at=at)


@receiver(signals.address_proven)
def note_proven_address(*, user_id: UUID, email: str, at: datetime, **_: Any) -> None:
    mailed_codes.note_proven(user_id, email, at=at)

from __future__ import annotations

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.utils import timezone

from accounts.help import services as factor_help
from accounts.models import AddressChange, OidcRequest, PasswordReset, PendingSignIn, SignUpToken
from accounts.passkeys import relying_party
from core import allowances

KEPT = timedelta(days=30)


@shared_task
def forget_expired(**_: Any) -> None:
    now = timezone.now()
    PendingSignIn.objects.filter(expires_at__lt=now).delete()
    OidcRequest.objects.filter(expires_at__lt=now).delete()
    for links in (SignUpToken, PasswordReset, AddressChange):
        links.objects.filter(expires_at__lt=now - KEPT).delete()
    relying_party.forget_expired(at=now)
    allowances.forget_free(at=now)


@shared_task
def apply_factor_resets(**_: Any) -> None:
    factor_help.apply_due(at=timezone.now())

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django_otp.models import Device

from core.fields import SealedField


class TotpDevice(Device):
    """An authenticator app that guards an account here (not an entry of the vault)."""

    restore_policy = "monotone"
    restore_highest = ("last_step", "last_used_at")
    restore_tombstone = "totp_device"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sealed_secret = SealedField(purpose="totp-factor", owner="user_id")
    # The newest time step whose code was accepted. It only grows: a code counts once, and so does
    # every code before it.
    last_step = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[TotpDevice]] = models.Manager()

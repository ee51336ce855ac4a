from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from keyslots.models import KeySlot


class Passkey(models.Model):
    """A WebAuthn credential: passkey or security key."""

    restore_policy = "monotone"
    restore_highest = ("sign_count",)
    restore_tombstone = "passkey"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="passkeys"
    )
    name = models.CharField(max_length=60)
    credential_id = models.CharField(max_length=1400, unique=True)  # base64url
    public_key = models.BinaryField()  # COSE key
    sign_count = models.BigIntegerField(default=0)
    aaguid = models.UUIDField(null=True)
    transports = models.JSONField(default=list)
    is_discoverable = models.BooleanField(default=False)
    is_backed_up = models.BooleanField(default=False)
    # The slot that this passkey opens through the PRF extension.
    slot = models.OneToOneField(
        KeySlot, on_delete=models.SET_NULL, null=True, related_name="passkey"
    )
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class WebAuthnChallenge(models.Model):
    """A challenge for one purpose and one browser; deleted by whoever answers it first."""

    restore_policy = "never"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(max_length=20)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True)
    state = models.JSONField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.purpose

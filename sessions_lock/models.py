from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models


class SessionActivity(models.Model):
    """One browser's session: the session store's own row, so that its deadline costs no query.

    Keys are kept as SHA-256 only: a copy of the database yields no usable session.
    """

    restore_policy = "never"

    class EndReason(models.TextChoices):
        SIGNED_OUT = "signed out"
        CREDENTIALS_CHANGED = "credentials changed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key_hash = models.CharField(max_length=64, unique=True)
    previous_key_hash = models.CharField(max_length=64, blank=True, db_index=True)
    previous_until = models.DateTimeField(null=True)
    session_data = models.TextField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="sessions"
    )
    started_at = models.DateTimeField()
    absolute_deadline = models.DateTimeField(db_index=True)
    address = models.CharField(max_length=45, blank=True)
    browser = models.CharField(max_length=100, blank=True)
    amr = models.JSONField(default=list)
    ended_at = models.DateTimeField(null=True, db_index=True)
    ended_reason = models.CharField(max_length=30, blank=True, choices=EndReason)

    def __str__(self) -> str:
        return str(self.id)

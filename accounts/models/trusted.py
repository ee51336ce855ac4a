from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models


class TrustedBrowser(models.Model):
    """A browser that need not show the code of the authenticator app for a while."""

    restore_policy = "never"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="trusted_browsers"
    )
    token_hash = models.CharField(max_length=64, unique=True)
    browser = models.CharField(max_length=100)
    address = models.CharField(max_length=45)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.browser

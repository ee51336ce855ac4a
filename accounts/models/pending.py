from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models


class PendingSignIn(models.Model):
    """A sign-in between the password and the session; it gives access to nothing of the user's."""

    restore_policy = "never"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    amr = models.JSONField(default=list)
    proofs = models.JSONField(default=list)
    next_url = models.CharField(max_length=500)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    completed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.id)

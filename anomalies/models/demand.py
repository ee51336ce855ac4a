from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models


class PasswordDemand(models.Model):
    """Nobody signs in to this account until its password is a new one.

    It is met by any later version of the credentials, and lifted by an operator otherwise.
    """

    restore_policy = "monotone"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="password_demands"
    )
    credentials_version = models.PositiveIntegerField()
    # Raised by an operator: then even somebody without a password waits for the operator.
    is_by_operator = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.user)

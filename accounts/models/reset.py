from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models


class PasswordReset(models.Model):
    """A mailed link that sets a new password, once."""

    restore_policy = "never"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    # A day later where no factor guards the account: time for the owner to stop a thief.
    usable_from = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.id)

    @classmethod
    def open(cls, *, at: datetime) -> models.QuerySet[PasswordReset]:
        return cls.objects.filter(used_at=None, stopped_at=None, expires_at__gt=at)

    @property
    def counts_on_a_factor(self) -> bool:
        """Whether a second factor guards it, instead of a day's wait."""
        return self.usable_from == self.created_at


class AddressChange(models.Model):
    """A new address that waits to be confirmed from its own mailbox."""

    restore_policy = "never"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    email = models.EmailField()
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.email

    @classmethod
    def open(cls, *, at: datetime) -> models.QuerySet[AddressChange]:
        return cls.objects.filter(used_at=None, expires_at__gt=at)


class FactorReset(models.Model):
    """An operator's help for somebody who has lost every factor; stoppable for a day."""

    restore_policy = "monotone"
    restore_stays_set = ("stopped_at", "done_at")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="factor_resets"
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    reason = models.CharField(max_length=300)
    created_at = models.DateTimeField()
    effective_at = models.DateTimeField(db_index=True)
    stopped_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(stopped_at=None, done_at=None),
                name="one_open_factor_reset_per_user",
            )
        ]

    def __str__(self) -> str:
        return str(self.id)

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models

from anomalies.models.attempt import LoginAttempt


class SignInGrant(models.Model):
    """A held sign-in: once it is open, the next sign-in from that browser uses it up.

    It opens when an operator approves it. `opens_at` is the time at which it opens by itself;
    none is set when another proof would have been at hand.
    """

    restore_policy = "never"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sign_in_grants"
    )
    attempt = models.OneToOneField(LoginAttempt, on_delete=models.CASCADE, related_name="grant")
    browser_key = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    opens_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)
    used_by = models.UUIDField(null=True)

    class Meta:
        indexes = [models.Index(fields=["user", "browser_key"], name="grants_by_browser")]

    def __str__(self) -> str:
        return str(self.id)

    @classmethod
    def waiting(cls, *, at: datetime) -> models.QuerySet[SignInGrant]:
        """Neither used nor stopped nor expired, open or not."""
        return cls.objects.filter(used_at=None, stopped_at=None, expires_at__gt=at)

    @classmethod
    def open(cls, *, at: datetime) -> models.QuerySet[SignInGrant]:
        is_open = models.Q(approved_at__isnull=False) | models.Q(opens_at__lte=at)
        return cls.waiting(at=at).filter(is_open)


class MailedCode(models.Model):
    """Eight digits on their way to a proven address, for one browser and one purpose."""

    restore_policy = "never"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    # The pending sign-in, or the user's own id when the address is to be proven.
    subject = models.UUIDField(db_index=True)
    browser_key = models.CharField(max_length=64)
    email = models.EmailField()
    code_hash = models.CharField(max_length=64)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    tries_left = models.PositiveSmallIntegerField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.id)

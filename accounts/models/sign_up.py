from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class SignUpToken(models.Model):
    """A link that makes one account. It already holds the ids that the account's slot binds."""

    restore_policy = "monotone"
    restore_stays_set = ("used_at", "withdrawn_at")

    class Origin(models.TextChoices):
        SET_UP = "set-up", _("set-up link")
        INVITATION = "invitation", _("invitation")
        OPEN = "open", _("open sign-up")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    token_hash = models.CharField(max_length=64, unique=True)
    origin = models.CharField(max_length=12, choices=Origin)
    email = models.EmailField(blank=True)
    makes_operator = models.BooleanField(default=False)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="invitations"
    )
    user_id = models.UUIDField(default=uuid.uuid4)
    slot_id = models.UUIDField(default=uuid.uuid4)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.get_origin_display()} {self.email}".strip()

    @classmethod
    def open(cls, *, at: datetime) -> models.QuerySet[SignUpToken]:
        return cls.objects.filter(used_at=None, withdrawn_at=None, expires_at__gt=at)

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from core.fields import SealedField


class RecoverySetQuerySet(models.QuerySet["RecoverySet"]):
    def valid(self) -> RecoverySetQuerySet:
        return self.filter(superseded_at=None, invalidated_at=None)


class RecoverySet(models.Model):
    """Ten codes that were made, shown and end together. One set of a user is valid at a time."""

    restore_policy = "monotone"
    restore_highest = ("last_used_at",)
    restore_stays_set = ("confirmed_at", "superseded_at", "invalidated_at")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recovery_sets"
    )
    generated_at = models.DateTimeField(_("made"))
    shown_at = models.DateTimeField(null=True)
    # Somebody has typed one of the codes back, so they are kept somewhere.
    confirmed_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(_("last used"), null=True)
    superseded_at = models.DateTimeField(null=True)
    invalidated_at = models.DateTimeField(null=True)

    objects = RecoverySetQuerySet.as_manager()

    class Meta:
        verbose_name = _("set of backup sign-in codes")
        verbose_name_plural = _("backup sign-in codes")
        permissions = [("invalidate_codes", "Can invalidate backup sign-in codes")]
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(superseded_at=None, invalidated_at=None),
                name="one_valid_set_of_recovery_codes",
            )
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_valid(self) -> bool:
        return self.superseded_at is None and self.invalidated_at is None


class RecoveryCodeQuerySet(models.QuerySet["RecoveryCode"]):
    def of_valid_set(self, user_id: uuid.UUID) -> RecoveryCodeQuerySet:
        return self.filter(
            user_id=user_id, recovery_set__superseded_at=None, recovery_set__invalidated_at=None
        )

    def of_valid_set_or_decoys(self, user_id: uuid.UUID) -> RecoveryCodeQuerySet:
        """The codes of one set: the user's valid one, or for want of it anybody else's."""
        own = RecoverySet.objects.valid().filter(user_id=user_id)
        others = RecoverySet.objects.exclude(user_id=user_id).order_by("id")
        return self.filter(
            recovery_set=Coalesce(
                models.Subquery(own.values("id")[:1]), models.Subquery(others.values("id")[:1])
            )
        )

    def redeemable(self, user_id: uuid.UUID) -> RecoveryCodeQuerySet:
        return self.of_valid_set(user_id).filter(used_at=None)


class RecoveryCode(models.Model):
    """One code, as a sealed HMAC: neither database nor administration can give it back."""

    restore_policy = "monotone"
    restore_stays_set = ("used_at", "used_address", "used_browser")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recovery_set = models.ForeignKey(RecoverySet, on_delete=models.CASCADE, related_name="codes")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recovery_codes"
    )
    code_hash = SealedField(purpose="recovery-code", owner="user_id")
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_address = models.CharField(max_length=45, blank=True)
    used_browser = models.CharField(max_length=100, blank=True)

    objects = RecoveryCodeQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.id)

    @property
    def used(self) -> bool:
        return self.used_at is not None

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Self

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.fields import SealedField
from notifications import kinds


class NotificationQuerySet(models.QuerySet["Notification"]):
    def for_owner(self, user: AbstractBaseUser | AnonymousUser) -> Self:
        return self.filter(user=user.pk) if user.pk else self.none()

    def unread(self) -> Self:
        return self.filter(read_at__isnull=True)


class Notification(models.Model):
    """One line of somebody's inbox; the words come from its kind, in the reader's language."""

    restore_policy = "rows"
    restore_stays_set = ("read_at",)
    # What somebody was told since the backup stays told.
    restore_removes = False

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications"
    )
    kind = models.CharField(max_length=40)
    params = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["user", "-created_at"], name="inbox_newest_first"),
            models.Index(
                fields=["user"], condition=models.Q(read_at__isnull=True), name="inbox_unread"
            ),
        ]

    def __str__(self) -> str:
        return self.kind

    @property
    def is_unread(self) -> bool:
        return self.read_at is None

    @property
    def is_security(self) -> bool:
        return self.kind in kinds.ALL and kinds.ALL[self.kind].is_security

    @property
    def title(self) -> str:
        return str(kinds.ALL[self.kind].title) if self.kind in kinds.ALL else self.kind

    @property
    def sentence(self) -> str:
        kind = kinds.ALL.get(self.kind)
        return kinds.sentence(kind, self.params) if kind else ""


class NotificationPreference(models.Model):
    """What somebody chose for a kind; without a row the kind's own channels hold."""

    restore_policy = "rows"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="notification_preferences",
    )
    kind = models.CharField(max_length=40)
    in_app = models.BooleanField()
    mail = models.BooleanField()
    # Counts for who has an address for it.
    hook = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="one_preference_per_kind")
        ]

    def __str__(self) -> str:
        return self.kind


class OutgoingMail(models.Model):
    """A mail on its way: address and text are sealed, and wiped as soon as it is sent.

    How far it is, its job knows (`jobs.Job` with this row as its subject).
    """

    restore_policy = "never"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    # Who to name in the audit log. No foreign key: a mail may tell of an account's end.
    user = models.UUIDField(null=True, blank=True)
    sealed_recipient = SealedField(purpose="outgoing-mail", owner="id", blank=True)
    sealed_message = SealedField(purpose="outgoing-mail", owner="id", blank=True)
    created_at = models.DateTimeField(db_index=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.kind

    @property
    def is_waiting(self) -> bool:
        return bool(self.sealed_message)

    @classmethod
    def forget_older_than(cls, moment: datetime) -> int:
        return cls.objects.filter(created_at__lt=moment, sealed_message="").delete()[0]


class NoticeEndpoint(models.Model):
    """The web address that somebody has their notices sent to. It is a secret: who has it, reads.

    A restore does not bring it back, as its owner may have taken it away for a reason.
    """

    restore_policy = "never"

    class Way(models.TextChoices):
        NTFY = "ntfy", _("ntfy")
        WEBHOOK = "webhook", _("webhook (JSON)")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notice_endpoint"
    )
    way = models.CharField(max_length=10, choices=Way)
    sealed_url = SealedField(purpose="notice-endpoint", owner="user_id")
    # To recognise it by.
    host = models.CharField(max_length=255)
    created_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.host


class OutgoingNotice(models.Model):
    """A notice on its way to a web address: of which kind and when, and no word of what."""

    restore_policy = "never"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    # Nobody: the operators' address.
    user = models.UUIDField(null=True, blank=True)
    once = models.CharField(max_length=100, null=True, unique=True)  # noqa: DJ001 - unique where it is there at all
    created_at = models.DateTimeField(db_index=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.kind

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

SHORTEST_MINUTES = 5
LONGEST_MINUTES = 60


class SessionActivityQuerySet(models.QuerySet["SessionActivity"]):
    def for_owner(self, user: AbstractBaseUser | AnonymousUser) -> Self:
        return self.filter(user_id=user.pk) if user.pk else self.none()

    def of_people(self) -> Self:
        """Without the anonymous ones, which nobody has signed in with."""
        return self.filter(user__isnull=False)

    def live(self, *, at: datetime) -> Self:
        return self.of_people().filter(ended_at=None, lock_deadline__gt=at)

    def due(self, *, at: datetime) -> Self:
        """Past their deadline, and not ended yet."""
        return self.of_people().filter(ended_at=None, lock_deadline__lte=at)


class SessionActivity(models.Model):
    """One browser's session: the session store's own row, so that its deadline costs no query.

    Keys are kept as SHA-256 only: a copy of the database yields no usable session. An anonymous
    row has an absolute deadline and no other.
    """

    restore_policy = "never"
    in_backups = False

    class EndReason(models.TextChoices):
        SIGNED_OUT = "signed out", _("signed out")
        CREDENTIALS_CHANGED = "credentials changed", _("password or factors changed")
        IDLE = "idle", _("locked without activity")
        TOO_OLD = "too old", _("lasted as long as a session may")
        LOCKED_BY_HAND = "locked by hand", _("locked by its user")
        ENDED_ELSEWHERE = "ended elsewhere", _("ended from another session")
        BY_OPERATOR = "by operator", _("ended by an operator")
        TOO_MANY = "too many sessions", _("too many sessions at once")

    # Ends that are locks: the sign-in goes on where it was.
    LOCKS = frozenset({EndReason.IDLE, EndReason.TOO_OLD, EndReason.LOCKED_BY_HAND})

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key_hash = models.CharField(max_length=64, unique=True)
    previous_key_hash = models.CharField(max_length=64, blank=True, db_index=True)
    previous_until = models.DateTimeField(null=True)
    session_data = models.TextField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="sessions"
    )
    started_at = models.DateTimeField(_("started"))
    last_activity_at = models.DateTimeField(_("last seen"), null=True)
    timeout_seconds = models.PositiveIntegerField(default=0)
    lock_deadline = models.DateTimeField(_("locks at"), null=True)
    absolute_deadline = models.DateTimeField(_("ends at the latest"), db_index=True)
    address = models.CharField(_("address"), max_length=45, blank=True)
    place = models.CharField(_("place"), max_length=120, blank=True)
    browser = models.CharField(_("browser"), max_length=100, blank=True)
    amr = models.JSONField(_("proven by"), default=list)
    ended_at = models.DateTimeField(_("ended"), null=True, db_index=True)
    ended_reason = models.CharField(_("why"), max_length=30, blank=True, choices=EndReason)

    objects = SessionActivityQuerySet.as_manager()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        permissions = [
            ("end_sessions", "Can end sessions of people"),
            ("extend_sessions", "Can extend sessions"),
            ("end_everybody", "Can end everybody’s sessions"),
        ]
        indexes = [
            # What the sweep asks: which of the open ones are due, the longest overdue first.
            models.Index(
                fields=["lock_deadline"],
                condition=models.Q(ended_at__isnull=True, user__isnull=False),
                name="sessions_to_lock",
            )
        ]

    def __str__(self) -> str:
        return self.words or str(self.id)

    @property
    def timeout(self) -> timedelta:
        return timedelta(seconds=self.timeout_seconds)

    @property
    def timeout_minutes(self) -> int:
        return self.timeout_seconds // 60

    @property
    def words(self) -> str:
        """The session in words its user knows: browser, and place where it is known."""
        return ", ".join(part for part in (self.browser, self.place or self.address) if part)


def minutes_field(**options: object) -> models.PositiveSmallIntegerField[int | None, int | None]:
    return models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(SHORTEST_MINUTES), MaxValueValidator(LONGEST_MINUTES)],
        **options,  # type: ignore[arg-type]
    )


class LockTimeout(models.Model):
    """After how many minutes without activity somebody's sessions lock.

    `minutes` is the user's own choice, `most_minutes` what an operator allows them at most. There
    is no value for "never".
    """

    restore_policy = "rows"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="lock_timeout",
        verbose_name=_("user"),
    )
    minutes = minutes_field(verbose_name=_("chosen by the user"))
    most_minutes = minutes_field(verbose_name=_("at most"))

    class Meta:
        verbose_name = _("auto-lock of a person")
        verbose_name_plural = _("auto-lock of people")

    def __str__(self) -> str:
        return str(self.user)

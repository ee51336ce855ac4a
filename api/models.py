from __future__ import annotations

import uuid
from datetime import datetime
from typing import Self

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _

LONGEST_NAME = 60


class Scope(models.TextChoices):
    CODES_READ = "codes:read", _("Read codes")
    ENTRIES_READ = "entries:read", _("List what is in the vault")
    ENTRIES_WRITE = "entries:write", _("Add to the vault")


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def for_owner(self, user: AbstractBaseUser | AnonymousUser) -> Self:
        return self.filter(user_id=user.pk) if user.pk else self.none()

    def live(self, *, at: datetime) -> Self:
        return self.filter(ended_at=None, expires_at__gt=at)


class ApiToken(models.Model):
    """What a script shows in place of a session: narrow, for a while, and ended at any time.

    Of the token itself there is a SHA-256 here and the start by which people tell it from others.
    A restore brings none back: whoever restores cannot know which were ended since.
    """

    restore_policy = "never"

    class EndReason(models.TextChoices):
        BY_USER = "by user", _("ended by its user")
        CREDENTIALS_CHANGED = "credentials changed", _("password or factors changed")
        ACCOUNT_CLOSED = "account closed", _("the account was switched off")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="api_tokens",
        verbose_name=_("user"),
    )
    name = models.CharField(_("name"), max_length=LONGEST_NAME)
    prefix = models.CharField(_("begins with"), max_length=16)
    token_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(_("may"), default=list)
    # Addresses and networks in their usual spelling; none stand for "from anywhere".
    networks = models.JSONField(_("only from"), default=list)
    created_at = models.DateTimeField(_("made"))
    expires_at = models.DateTimeField(_("expires"), db_index=True)
    last_used_at = models.DateTimeField(_("last used"), null=True)
    last_used_address = models.CharField(_("from"), max_length=45, blank=True)
    # When it was last recorded that codes were read with it.
    codes_recorded_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    ended_reason = models.CharField(_("why"), max_length=30, blank=True, choices=EndReason)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        constraints = [
            models.CheckConstraint(condition=~models.Q(name=""), name="api_token_has_name")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def scope_titles(self) -> list[str]:
        return [str(Scope(scope).label) for scope in self.scopes]

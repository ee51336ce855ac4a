from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.fields import SealedField

if TYPE_CHECKING:
    from accounts.models import User

LONGEST_NAME = 255
LONGEST_CATEGORY = 60
LONGEST_PERIOD = 2_147_483
HIGHEST_COUNTER = 2**63 - 1
TINTS = 12


class EntryType(models.TextChoices):
    TOTP = "totp", _("Time-based (TOTP)")
    HOTP = "hotp", _("Counter-based (HOTP)")
    STEAM = "steam", _("Steam Guard")


class Algorithm(models.TextChoices):
    SHA1 = "SHA1", "SHA-1"
    SHA256 = "SHA256", "SHA-256"
    SHA512 = "SHA512", "SHA-512"


class CategoryQuerySet(models.QuerySet["Category"]):
    def for_owner(self, owner: User) -> CategoryQuerySet:
        return self.filter(owner=owner)

    def in_order(self) -> CategoryQuerySet:
        return self.order_by("position", "created_at", "pk")


class Category(models.Model):
    """A name that a user gives to some of the entries; an entry may have several."""

    restore_policy = "rows"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="categories"
    )
    name = models.CharField(max_length=LONGEST_CATEGORY)
    tint = models.PositiveSmallIntegerField(default=1)
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    objects = CategoryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "categories"
        constraints = [
            models.UniqueConstraint("owner", Lower("name"), name="category_name_once"),
            models.CheckConstraint(condition=~Q(name=""), name="category_has_name"),
            models.CheckConstraint(
                condition=Q(tint__gte=1, tint__lte=TINTS), name="category_tint_range"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class OtpEntryQuerySet(models.QuerySet["OtpEntry"]):
    def for_owner(self, owner: User) -> OtpEntryQuerySet:
        return self.filter(owner=owner)

    def live(self) -> OtpEntryQuerySet:
        return self.filter(trashed_at=None)

    def trashed(self) -> OtpEntryQuerySet:
        return self.exclude(trashed_at=None)

    def in_order(self) -> OtpEntryQuerySet:
        return self.order_by("position", "created_at", "pk")

    def trashed_until(self, at: datetime) -> OtpEntryQuerySet:
        return self.filter(trashed_at__lte=at)


class OtpEntry(models.Model):
    """One stored second factor. Its secret is sealed; codes are made in `vault.codes`."""

    # The counter alone is monotone: a restored row keeps the higher of the two counters, or the
    # service on the other side would refuse the next codes as already used.
    restore_policy = "rows"
    restore_highest = ("counter", "last_used_at")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="otp_entries"
    )
    issuer = models.CharField(max_length=LONGEST_NAME, blank=True)
    account_name = models.CharField(max_length=LONGEST_NAME, blank=True)
    type = models.CharField(max_length=8, choices=EntryType.choices, default=EntryType.TOTP)
    algorithm = models.CharField(max_length=8, choices=Algorithm.choices, default=Algorithm.SHA1)
    digits = models.PositiveSmallIntegerField(default=6)
    period = models.PositiveIntegerField(default=30)
    # The next counter to use.
    counter = models.PositiveBigIntegerField(default=0)
    sealed_secret = SealedField(purpose="totp-secret", owner="owner_id")
    website = models.URLField(max_length=500, blank=True)
    is_favourite = models.BooleanField(default=False)
    position = models.PositiveIntegerField(default=0)
    categories = models.ManyToManyField(Category, related_name="entries", blank=True)
    # Name of a brand icon, or nothing: then the initials are shown.
    icon = models.CharField(max_length=80, blank=True)
    tint = models.PositiveSmallIntegerField(default=1)
    # Chosen by the owner, and not found by the name of the service.
    is_icon_chosen = models.BooleanField(default=False)
    is_tint_chosen = models.BooleanField(default=False)
    # The start of the SHA-256 of the owner's own picture, or nothing: part of its address.
    own_icon = models.CharField(max_length=16, blank=True)
    # How often its code was copied or asked for.
    uses = models.PositiveIntegerField(default=0)
    # The counter that the last code was made with, as long as that step can be undone.
    undoable_counter = models.PositiveBigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    trashed_at = models.DateTimeField(null=True, blank=True)

    objects = OtpEntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "entries"
        indexes = [
            models.Index(fields=["owner", "trashed_at"], name="otpentry_owner_trashed"),
            models.Index(
                fields=["trashed_at"], condition=Q(trashed_at__isnull=False), name="otpentry_trash"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(type__in=EntryType.values), name="otpentry_type_known"
            ),
            models.CheckConstraint(
                condition=Q(algorithm__in=Algorithm.values), name="otpentry_algorithm_known"
            ),
            models.CheckConstraint(
                condition=Q(digits__gte=1, digits__lte=10), name="otpentry_digits_range"
            ),
            models.CheckConstraint(
                condition=Q(period__gte=1, period__lte=LONGEST_PERIOD), name="otpentry_period_range"
            ),
            models.CheckConstraint(
                condition=Q(tint__gte=1, tint__lte=TINTS), name="otpentry_tint_range"
            ),
            models.CheckConstraint(condition=~Q(sealed_secret=""), name="otpentry_has_secret"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("vault:edit", args=[self.pk])

    @property
    def is_hotp(self) -> bool:
        return self.type == EntryType.HOTP

    @property
    def is_steam(self) -> bool:
        return self.type == EntryType.STEAM

    @property
    def is_trashed(self) -> bool:
        return self.trashed_at is not None

    @property
    def title(self) -> str:
        """What the entry is called where there is room for one name only."""
        return self.issuer or self.account_name or str(_("Unnamed account"))

    @property
    def subtitle(self) -> str:
        return self.account_name if self.issuer else ""

    @property
    def initials(self) -> str:
        words = [word for word in self.title.replace(".", " ").split() if word[0].isalnum()]
        if len(words) > 1:
            return (words[0][0] + words[1][0]).upper()
        return (words[0] if words else self.title)[:2].capitalize()


class EntryDraftQuerySet(models.QuerySet["EntryDraft"]):
    def for_owner(self, owner: User) -> EntryDraftQuerySet:
        return self.filter(owner=owner)

    def waiting(self, at: datetime) -> EntryDraftQuerySet:
        return self.filter(expires_at__gt=at)

    def expired(self, at: datetime) -> EntryDraftQuerySet:
        return self.filter(expires_at__lte=at)


class EntryDraft(models.Model):
    """An account that is in the vault already and waits for "add anyway" or "skip"."""

    restore_policy = "never"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="entry_drafts"
    )
    # The entry that holds the same secret.
    twin = models.ForeignKey(OtpEntry, on_delete=models.CASCADE, related_name="drafts")
    sealed_account = SealedField(purpose="entry-draft", owner="owner_id")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    objects = EntryDraftQuerySet.as_manager()

    def __str__(self) -> str:
        return f"draft {self.pk}"


class EntryIcon(models.Model):
    """A picture of the owner's own for an entry: a small PNG, sealed."""

    restore_policy = "rows"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    entry = models.OneToOneField(OtpEntry, on_delete=models.CASCADE, related_name="picture")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="entry_icons"
    )
    sealed_picture = SealedField(purpose="entry-icon", owner="owner_id")

    def __str__(self) -> str:
        return f"icon of {self.entry_id}"


class EarlierSecretQuerySet(models.QuerySet["EarlierSecret"]):
    def for_owner(self, owner: User) -> EarlierSecretQuerySet:
        return self.filter(owner=owner)

    def kept(self, at: datetime) -> EarlierSecretQuerySet:
        return self.filter(expires_at__gt=at)

    def expired(self, at: datetime) -> EarlierSecretQuerySet:
        return self.filter(expires_at__lte=at)


class EarlierSecret(models.Model):
    """What an entry was before its secret was overwritten, kept for 30 days."""

    restore_policy = "rows"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    entry = models.ForeignKey(OtpEntry, on_delete=models.CASCADE, related_name="earlier_secrets")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="earlier_secrets"
    )
    sealed_account = SealedField(purpose="earlier-secret", owner="owner_id")
    replaced_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    objects = EarlierSecretQuerySet.as_manager()

    def __str__(self) -> str:
        return f"earlier secret {self.pk}"

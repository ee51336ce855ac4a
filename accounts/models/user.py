from __future__ import annotations

import secrets
import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth import hashers
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts import addresses
from core import sealing
from core.fields import SealedField
from keyslots import crypto


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create a user; a password given here is split on the server, as a console types it."""
        user = self.model(email=addresses.normalise(email), **fields)
        if password is None:
            user.set_unusable_password()
        else:
            user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=addresses.normalise(username or ""))


class CodeGrouping(models.TextChoices):
    THREES = "threes", _("in threes (123 456)")
    PAIRS = "pairs", _("in pairs (12 34 56)")
    PLAIN = "plain", _("without gaps (123456)")


class RevealSeconds(models.IntegerChoices):
    SHORT = 5, _("5 seconds")
    MIDDLE = 10, _("10 seconds")
    LONG = 30, _("30 seconds")


class ClipboardSeconds(models.IntegerChoices):
    SHORT = 10, _("10 seconds")
    MIDDLE = 30, _("30 seconds")
    LONG = 60, _("1 minute")
    LONGEST = 120, _("2 minutes")


class User(AbstractBaseUser, PermissionsMixin):
    """A person. The password column holds the sealed Argon2id hash of the auth secret."""

    restore_policy = "rows"
    # Where the account is still here, a restore changes nothing of how it is opened or may do.
    restore_kept = (
        *("email", "password", "kdf_salt", "kdf_iterations", "credentials_version"),
        *("is_active", "is_staff", "is_superuser", "passkey_handle", "last_login"),
        *("factor_due_at", "reset_open_until", "factor_reset_at", "restricted_until"),
    )
    restore_removes = False
    restore_tombstone = "user"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("e-mail address"), unique=True)
    display_name = models.CharField(_("name"), max_length=80, blank=True)
    password = SealedField(purpose="auth-hash", owner="id", max_length=512)
    kdf_salt = models.CharField(max_length=22, blank=True)
    kdf_iterations = models.PositiveIntegerField(default=0)
    # Sessions are bound to this number and not to the column above, so that sealing it anew
    # signs nobody out and a changed password signs everybody out.
    credentials_version = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("operator"), default=False)
    created_at = models.DateTimeField(default=timezone.now)
    # What authenticators call this person: random, so that it says nothing to who finds a key.
    passkey_handle = models.CharField(  # noqa: DJ001 - unique where it is there at all
        max_length=43, unique=True, null=True, editable=False
    )
    # From then on a second factor is demanded; set when the policy first concerns this person.
    factor_due_at = models.DateTimeField(null=True, editable=False)
    # A password reset is open until then: every page can say so without asking for one more row.
    reset_open_until = models.DateTimeField(null=True, editable=False)
    # The same for a reset of the factors: when it is carried out, unless it is stopped.
    factor_reset_at = models.DateTimeField(null=True, editable=False)
    # After a reset without a second factor: codes, and nothing that cannot be undone, until then.
    restricted_until = models.DateTimeField(null=True, editable=False)
    language = models.CharField(_("language"), max_length=10, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=50, blank=True)
    code_grouping = models.CharField(
        _("digits of a code"), max_length=8, choices=CodeGrouping, default=CodeGrouping.THREES
    )
    hides_codes = models.BooleanField(_("hide codes until they are asked for"), default=False)
    reveal_seconds = models.PositiveSmallIntegerField(
        _("a code that was asked for is shown for"),
        choices=RevealSeconds,
        default=RevealSeconds.MIDDLE,
    )
    clipboard_seconds = models.PositiveSmallIntegerField(
        _("a copied code leaves the clipboard after"),
        choices=ClipboardSeconds,
        default=ClipboardSeconds.MIDDLE,
    )

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        permissions = [
            ("give_role", "Can give and take roles"),
            ("reset_factors", "Can reset second factors of people without a role"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=models.functions.Lower("email")),
                name="user_address_is_lower_case",
            )
        ]

    def __str__(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        return self.display_name or self.email

    def get_short_name(self) -> str:
        return self.display_name or self.email.partition("@")[0]

    @property
    def has_open_reset(self) -> bool:
        """Whether somebody has asked to reset the password, so that every page says so."""
        return self.reset_open_until is not None and self.reset_open_until > timezone.now()

    @property
    def is_resting(self) -> bool:
        """Whether the password was reset within a day, and no second factor had guarded that."""
        return self.restricted_until is not None and self.restricted_until > timezone.now()

    @property
    def salt(self) -> bytes:
        return crypto.decode_base64url(self.kdf_salt)

    def set_password(self, raw_password: str | None) -> None:
        """Split a password on the server (console commands only) and keep its auth secret."""
        if raw_password is None:
            self.set_unusable_password()
            return
        salt = secrets.token_bytes(crypto.SALT_BYTES)
        derived = crypto.derive(raw_password, salt, settings.KDF_ITERATIONS)
        self.set_auth_secret(derived.auth_secret, salt=salt, iterations=settings.KDF_ITERATIONS)

    def set_auth_secret(self, auth_secret: bytes, *, salt: bytes, iterations: int) -> None:
        encoded = hashers.make_password(crypto.encode_base64url(auth_secret))
        sealing.seal_field(self, "password", encoded.encode())
        self.kdf_salt, self.kdf_iterations = crypto.encode_base64url(salt), iterations
        self.credentials_version += 1

    def set_unusable_password(self) -> None:
        sealing.seal_field(self, "password", hashers.make_password(None).encode())
        self.credentials_version += 1

    def has_usable_password(self) -> bool:
        return hashers.is_password_usable(self._auth_hash)

    def check_password(self, raw_password: str | None) -> bool:
        """Judge a password typed on the server's console; the site's forms never have one."""
        if not self.kdf_salt or raw_password is None:
            return False
        derived = crypto.derive(raw_password, self.salt, self.kdf_iterations)
        return self.check_auth_secret(derived.auth_secret)

    def check_auth_secret(self, auth_secret: bytes) -> bool:
        return hashers.check_password(crypto.encode_base64url(auth_secret), self._auth_hash)

    @property
    def _auth_hash(self) -> str:
        return sealing.open_field(self, "password").decode()

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        return salted_hmac(
            "accounts.User.credentials",
            f"{self.pk}|{self.credentials_version}",
            secret=secret,
            algorithm="sha256",
        ).hexdigest()

from __future__ import annotations

from django.conf import settings
from django.db import models

from core.fields import SealedField


class VaultKey(models.Model):
    """A vault key that a browser made. The key itself is known to browsers only; this is its id."""

    restore_policy = "monotone"

    id = models.UUIDField(primary_key=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="vault_keys"
    )
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.id)


class KeySlot(models.Model):
    """One way to open a vault key: the key, wrapped by the browser and sealed once more here."""

    restore_policy = "monotone"
    restore_highest = ("last_used_at",)
    restore_tombstone = "key_slot"

    class Kind(models.TextChoices):
        PASSWORD = "password"
        # Wrapped under a password that is no longer the user's; opens what the old key sealed.
        FORMER_PASSWORD = "former-password"
        PASSKEY = "passkey"
        RECOVERY = "recovery"
        # A vault key wrapped under the one that came after it.
        OLDER = "older"

    id = models.UUIDField(primary_key=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="key_slots"
    )
    vault_key = models.ForeignKey(VaultKey, on_delete=models.CASCADE, related_name="slots")
    kind = models.CharField(max_length=20, choices=Kind)
    sealed_slot = SealedField(purpose="key-slot", owner="user_id")
    name = models.CharField(max_length=60, blank=True)
    # Of a recovery slot: proves possession of the key at a reset, and opens nothing.
    sealed_verifier = SealedField(purpose="recovery-verifier", owner="user_id", blank=True)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(kind="password"),
                name="one_password_slot_per_user",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

from __future__ import annotations

from django.db import models

from core.fields import SealedField


class KeyCheck(models.Model):
    """One row a master key that ever sealed here: a wrong key is found before it does harm."""

    restore_policy = "never"

    key_id = models.CharField(max_length=8, primary_key=True)
    sealed_check = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.key_id


class LastingKey(models.Model):
    """A random key made once. Rotation seals it anew and never changes it."""

    # Not as a row: a backup carries these keys in its first record (backups.restores).
    restore_policy = "never"

    purpose = models.CharField(max_length=40, primary_key=True)
    sealed_key = SealedField(purpose="lasting-key", owner="purpose")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.purpose


class AllowanceSlot(models.Model):
    """One of the N places of a limit "N per period"; taken until `free_at`."""

    restore_policy = "never"
    in_backups = False

    key_hash = models.CharField(max_length=64)
    slot = models.PositiveSmallIntegerField()
    free_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key_hash", "slot"], name="one_row_per_allowance_slot")
        ]

    def __str__(self) -> str:
        return f"{self.key_hash[:8]} {self.slot}"

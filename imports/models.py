from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.fields import SealedField
from vault.models import OtpEntry

if TYPE_CHECKING:
    from accounts.models import User


class ImportBatchQuerySet(models.QuerySet["ImportBatch"]):
    def for_owner(self, owner: User) -> Self:
        return self.filter(owner=owner)

    def unfinished(self) -> Self:
        return self.filter(state__in=ImportBatch.UNFINISHED)

    def waiting(self, at: datetime) -> Self:
        """Not finished, and not yet to be forgotten."""
        return self.unfinished().filter(expires_at__gt=at)

    def finished(self) -> Self:
        return self.exclude(state__in=ImportBatch.UNFINISHED)

    def expired(self, at: datetime) -> Self:
        return self.filter(expires_at__lte=at)

    def undoable(self, at: datetime) -> Self:
        return self.filter(state=ImportBatch.State.IMPORTED, expires_at__gt=at)


class ImportBatch(models.Model):
    """Some files of one upload on their way into the vault, and for a week the way back.

    Until it is imported it lives for fifteen minutes; what it holds lies sealed in its pieces.
    """

    restore_policy = "never"

    class State(models.TextChoices):
        LOCKED = "locked", _("waits for a password")
        READING = "reading", _("is being opened")
        PREVIEW = "preview", _("can be looked at")
        IMPORTED = "imported", _("imported")
        UNDONE = "undone", _("taken back")

    UNFINISHED = (State.LOCKED, State.READING, State.PREVIEW)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="import_batches"
    )
    state = models.CharField(max_length=10, choices=State)
    # Names of files, what was refused, groups: everything but the accounts.
    sealed_head = SealedField(purpose="import-head", owner="owner_id")
    # Names of formats, for the summary and the audit log.
    formats = models.CharField(max_length=200, blank=True)
    row_count = models.PositiveIntegerField(default=0)
    job = models.UUIDField(null=True)
    added_count = models.PositiveIntegerField(default=0)
    replaced_count = models.PositiveIntegerField(default=0)
    note_count = models.PositiveIntegerField(default=0)
    # Categories that this import has added, for its undoing.
    new_categories = models.JSONField(default=list)
    created_at = models.DateTimeField()
    # When it is forgotten; once imported, until when it can be undone.
    expires_at = models.DateTimeField(db_index=True)
    imported_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    objects = ImportBatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")

    def __str__(self) -> str:
        return f"import {self.pk}"

    @property
    def is_locked(self) -> bool:
        return self.state == self.State.LOCKED

    @property
    def is_reading(self) -> bool:
        return self.state == self.State.READING

    @property
    def is_preview(self) -> bool:
        return self.state == self.State.PREVIEW

    @property
    def is_imported(self) -> bool:
        return self.state == self.State.IMPORTED

    @property
    def is_undone(self) -> bool:
        return self.state == self.State.UNDONE

    def can_be_undone(self, at: datetime) -> bool:
        return self.is_imported and self.expires_at > at


class ImportPiece(models.Model):
    """A sealed piece of a file that waits for its password, or a page of accounts."""

    restore_policy = "never"

    class Kind(models.TextChoices):
        FILE = "file"
        ROWS = "rows"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="pieces")
    kind = models.CharField(max_length=4, choices=Kind)
    number = models.PositiveIntegerField()
    sealed_content = SealedField(purpose="import-piece", owner="batch_id")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "kind", "number"], name="import_piece_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number} of {self.batch_id}"


class ImportedEntry(models.Model):
    """An entry that an import has added or changed, and what it was before."""

    restore_policy = "never"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="entries")
    entry = models.ForeignKey(OtpEntry, on_delete=models.CASCADE, related_name="imports")
    # Empty for an entry that was added.
    sealed_former = SealedField(purpose="import-former", owner="batch_id", blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "entry"], name="import_entry_once")]

    def __str__(self) -> str:
        return f"{self.entry_id} by {self.batch_id}"


class ReadingSlot(models.Model):
    """The one place in which a file is opened at a time, on all machines together."""

    restore_policy = "never"

    name = models.CharField(max_length=20, primary_key=True)
    holder = models.UUIDField(null=True)
    held_until = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

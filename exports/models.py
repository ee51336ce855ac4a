from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.fields import SealedField

if TYPE_CHECKING:
    from accounts.models import User


class ExportQuerySet(models.QuerySet["Export"]):
    def for_owner(self, owner: User) -> Self:
        return self.filter(owner=owner)

    def waiting_for_download(self, at: datetime) -> Self:
        return self.filter(made_at__isnull=False, taken_at=None, expires_at__gt=at)

    def expired(self, at: datetime) -> Self:
        return self.filter(expires_at__lte=at)


class Export(models.Model):
    """A file that a worker makes, or has made, and that may be fetched once."""

    restore_policy = "never"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="exports"
    )
    job_id = models.UUIDField(null=True, blank=True)
    format = models.CharField(max_length=20)
    # Which entries and how, without any secret; the password is the job's own.
    sealed_choice = SealedField(purpose="export-choice", owner="owner_id")
    is_protected = models.BooleanField()
    count = models.PositiveIntegerField()
    size = models.PositiveBigIntegerField(default=0)
    media_type = models.CharField(max_length=60)
    file_name = models.CharField(max_length=60)
    created_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True, blank=True)
    taken_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(db_index=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner"], condition=Q(made_at=None), name="one_export_in_the_making"
            )
        ]

    def __str__(self) -> str:
        return f"{self.format} export"


class ExportChunk(models.Model):
    """A piece of the file, sealed; all pieces go when the file is fetched or expires."""

    restore_policy = "never"

    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sealed_content = SealedField(purpose="export-chunk", owner="export_id")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["export", "number"], name="export_chunk_once")
        ]

    def __str__(self) -> str:
        return f"{self.export_id} {self.number}"

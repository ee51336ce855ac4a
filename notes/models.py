from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.fields import SealedField
from vault.models import OtpEntry

if TYPE_CHECKING:
    from accounts.models import User


class Scheme(models.TextChoices):
    # Only the owner's browsers can open it.
    E2E = "e2e"
    # Kept readable by the server, because its owner said so or it came in a file.
    SERVER = "server"
    # Deleted. The row stays, so that the revision never goes back.
    NONE = "none"


class NoteQuerySet(models.QuerySet["Note"]):
    def for_owner(self, owner: User) -> NoteQuerySet:
        return self.filter(owner=owner)

    def written(self) -> NoteQuerySet:
        """Those that hold something, on entries that are not in the trash."""
        return self.exclude(scheme=Scheme.NONE).filter(entry__trashed_at=None)


class Sealed(models.Model):
    """What a browser has sealed; the server knows its length and its place."""

    v = models.PositiveSmallIntegerField(default=1)
    # None where there is no ciphertext.
    vault_key_id = models.UUIDField(null=True)
    salt = models.BinaryField(default=bytes)
    nonce = models.BinaryField(default=bytes)
    ciphertext = models.BinaryField(default=bytes)
    revision = models.PositiveIntegerField()
    saved_at = models.DateTimeField()

    class Meta:
        abstract = True


class Note(Sealed):
    """The note of an entry, with its fields and the service's recovery codes."""

    restore_policy = "rows"
    restore_clock = "saved_at"

    entry = models.OneToOneField(
        OtpEntry, primary_key=True, on_delete=models.CASCADE, related_name="note"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notes"
    )
    scheme = models.CharField(max_length=6, choices=Scheme)
    sealed_text = SealedField(purpose="note", owner="owner_id", blank=True)
    # Whether its index speaks of this very revision.
    is_indexed = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    objects = NoteQuerySet.as_manager()

    class Meta:
        indexes = [
            # What a search has to look into besides the index, without reading all the notes.
            models.Index(
                fields=["owner"],
                condition=Q(is_indexed=False) & ~Q(scheme=Scheme.NONE),
                name="note_not_indexed",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(scheme=Scheme.E2E, vault_key_id__isnull=False, sealed_text="")
                | Q(scheme=Scheme.SERVER, vault_key_id=None, ciphertext=b"") & ~Q(sealed_text="")
                | Q(scheme=Scheme.NONE, vault_key_id=None, ciphertext=b"", sealed_text=""),
                name="note_is_of_one_scheme",
            ),
            models.CheckConstraint(condition=Q(revision__gte=1), name="note_revision_from_one"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_e2e(self) -> bool:
        return self.scheme == Scheme.E2E

    @property
    def is_server(self) -> bool:
        return self.scheme == Scheme.SERVER


class NoteRevision(Sealed):
    """What a note was before; only what browsers sealed is kept."""

    restore_policy = "rows"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="revisions")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["note", "revision"], name="note_revision_once")
        ]

    def __str__(self) -> str:
        return f"{self.note_id} revision {self.revision}"


class NoteDraft(Sealed):
    """What somebody was writing; `revision` is the one it would become."""

    restore_policy = "never"

    entry = models.OneToOneField(
        OtpEntry, primary_key=True, on_delete=models.CASCADE, related_name="note_draft"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="note_drafts"
    )

    def __str__(self) -> str:
        return str(self.pk)


class NoteIndex(models.Model):
    """The codewords of one revision of a note, 8 bytes each, sorted, in one piece."""

    restore_policy = "rows"

    note = models.OneToOneField(
        Note, primary_key=True, on_delete=models.CASCADE, related_name="index"
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    vault_key_id = models.UUIDField()
    revision = models.PositiveIntegerField()
    codewords = models.BinaryField()

    class Meta:
        verbose_name_plural = "note indexes"
        indexes = [models.Index(fields=["owner", "vault_key_id"], name="note_index_of_key")]

    def __str__(self) -> str:
        return str(self.pk)


class SearchPlace(models.TextChoices):
    AUTO = "auto"
    BROWSER = "browser"
    INDEX = "index"


class NotePreference(models.Model):
    """Where somebody's notes are searched."""

    restore_policy: ClassVar[str] = "rows"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="note_preference",
    )
    search = models.CharField(max_length=8, choices=SearchPlace, default=SearchPlace.AUTO)

    def __str__(self) -> str:
        return self.search

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class BackupQuerySet(models.QuerySet["Backup"]):
    def verified(self) -> Self:
        return self.filter(state=Backup.State.VERIFIED)

    def ended(self) -> Self:
        return self.filter(state__in=(Backup.State.VERIFIED, Backup.State.FAILED))

    def newest_first(self) -> Self:
        return self.order_by("-started_at", "-id")


class Backup(models.Model):
    """One backup: a file, where copies of it lie, and how far it has come.

    Only `verified` counts as good: the file was read back, opened and loaded into a scratch
    database. The list itself is not restored: it tells of files, not of the site.
    """

    restore_policy = "never"

    class Kind(models.TextChoices):
        DAILY = "daily", _("daily")
        WEEKLY = "weekly", _("weekly")
        MANUAL = "manual", _("by hand")
        COMMAND = "command", _("on the server")
        MIGRATION = "migration", _("before an upgrade")
        SAFETY = "safety", _("before a restore")

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        WRITTEN = "written", _("written")
        UPLOADED = "uploaded", _("uploaded")
        VERIFIED = "verified", _("verified")
        FAILED = "failed", _("failed")

    class Depth(models.TextChoices):
        FULL = "full", _("opened and loaded")
        STRUCTURE = "structure", _("hash and structure only")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=80, unique=True)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    note = models.CharField(_("note"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RUNNING)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    started_at = models.DateTimeField(_("started"), db_index=True)
    written_at = models.DateTimeField(_("written"), null=True, blank=True)
    uploaded_at = models.DateTimeField(_("uploaded"), null=True, blank=True)
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    verified_depth = models.CharField(_("how"), max_length=10, choices=Depth, blank=True)
    drilled_at = models.DateTimeField(_("restore drill"), null=True, blank=True)
    failed_at = models.DateTimeField(_("failed"), null=True, blank=True)
    failure = models.CharField(_("failure"), max_length=200, blank=True)
    size = models.BigIntegerField(_("size"), default=0)
    content_size = models.BigIntegerField(_("content"), default=0)
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True)
    row_counts = models.JSONField(default=dict, blank=True)
    recipients = models.JSONField(default=list, blank=True)
    application = models.CharField(_("release"), max_length=20, blank=True)

    objects = BackupQuerySet.as_manager()

    class Meta:
        verbose_name = _("backup")
        verbose_name_plural = _("backups")
        permissions = [
            ("make_backup", "Can make, verify and plan backups"),
            ("download_backup", "Can download a backup"),
            ("restore_backup", "Can restore a backup"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_good(self) -> bool:
        return self.state == self.State.VERIFIED

    @property
    def is_running(self) -> bool:
        return self.state not in {self.State.VERIFIED, self.State.FAILED}

    @property
    def rows(self) -> int:
        return sum(self.row_counts.values())

    @property
    def empty_tables(self) -> int:
        return sum(not count for count in self.row_counts.values())

    @property
    def duration(self) -> timedelta | None:
        """From the start until it was written, which is what a backup costs."""
        return self.written_at - self.started_at if self.written_at else None

    @property
    def file_name(self) -> str:
        return f"{self.name}.authnode-backup"


class BackupCopy(models.Model):
    """A copy of a backup in one place: confirmed there, on its way, or given up for now."""

    restore_policy = "never"

    class State(models.TextChoices):
        WAITING = "waiting", _("on its way")
        CONFIRMED = "confirmed", _("there")
        GONE = "gone", _("deleted")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    backup = models.ForeignKey(Backup, on_delete=models.CASCADE, related_name="copies")
    place = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    failure = models.CharField(max_length=200, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["backup", "place"], name="one_copy_per_place")
        ]

    def __str__(self) -> str:
        return f"{self.place} {self.state}"


class RestoreRun(models.Model):
    """A restore from its dry run to its end. What was typed to allow it is not kept."""

    restore_policy = "never"

    class Mode(models.TextChoices):
        REPLACE = "replace", _("replace everything")
        MISSING = "missing", _("only what is missing")
        USER = "user", _("one user’s vault")

    class State(models.TextChoices):
        PREPARING = "preparing", _("dry run is under way")
        REPORTED = "reported", _("dry run is done")
        RUNNING = "running", _("restoring")
        DONE = "done", _("restored")
        FAILED = "failed", _("failed, nothing was changed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    backup = models.ForeignKey(Backup, on_delete=models.CASCADE, related_name="restores")
    mode = models.CharField(max_length=10, choices=Mode)
    # The one user whose vault is restored, or nobody. No foreign key: the account may be gone.
    user = models.UUIDField(null=True, blank=True)
    takes_backup_side = models.BooleanField(default=False)
    # Rows held back for the sake of security that an operator chose to bring back, one by one.
    brought_back = models.JSONField(default=list, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.PREPARING)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    safety_backup = models.ForeignKey(
        Backup, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    report = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    reported_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.get_mode_display()} from {self.backup_id}"

    @property
    def has_ended(self) -> bool:
        return self.state in {self.State.DONE, self.State.FAILED}


class BackupClaim(models.Model):
    """The one row that says who may write or restore backups now, and until when."""

    restore_policy = "never"
    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY, editable=False)
    holder = models.UUIDField(null=True)
    deed = models.CharField(max_length=20, blank=True)
    lease_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.deed

    def is_taken(self, at: datetime) -> bool:
        return self.lease_until is not None and self.lease_until > at


class RetentionPlan(models.Model):
    """How long backups are kept: all of some days, then one a week, then one a month."""

    restore_policy = "rows"
    restore_removes = False
    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY, editable=False)
    keep_all_days = models.PositiveIntegerField(_("keep all of the last days"), default=30)
    keep_weeks = models.PositiveIntegerField(_("then one a week, for weeks"), default=0)
    keep_months = models.PositiveIntegerField(_("then one a month, for months"), default=0)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.keep_all_days}/{self.keep_weeks}/{self.keep_months}"


class BackupAlarm(models.Model):
    """Since when something about backups is wrong, and when operators were last told."""

    restore_policy = "never"

    name = models.CharField(max_length=20, primary_key=True)
    since = models.DateTimeField()
    told_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

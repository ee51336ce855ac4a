from __future__ import annotations

import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.fields import SealedField


class JobQuerySet(models.QuerySet["Job"]):
    def ended(self) -> Self:
        return self.filter(state__in=Job.ENDED)

    def due(self, at: datetime) -> Self:
        """Waiting, and allowed to start."""
        return self.filter(state=Job.State.WAITING, not_before__lte=at)

    def abandoned(self, at: datetime) -> Self:
        """Running, but the worker has not renewed its lease."""
        return self.filter(state=Job.State.RUNNING, lease_until__lte=at)

    def held_by(self, job_id: uuid.UUID, attempt: int) -> Self:
        """The job if this attempt still holds it, and nothing otherwise."""
        return self.filter(pk=job_id, state=Job.State.RUNNING, attempt=attempt)


class Job(models.Model):
    """A piece of background work. The row is what counts; the broker only makes it quick.

    `attempt` counts the times it was taken up and tells a worker that lost its lease from the one
    that holds it now.
    """

    restore_policy = "never"
    in_backups = False

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    ENDED = (State.DONE, State.FAILED, State.CANCELLED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    subject = models.UUIDField()
    owner = models.UUIDField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempt = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=5)
    not_before = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    sealed_secret = SealedField(purpose="job-secret", owner="id", blank=True)
    secret_expires_at = models.DateTimeField(null=True, blank=True)
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(default=0)
    failure_code = models.CharField(max_length=40, blank=True)
    failure_sentence = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["state", "not_before"], name="jobs_due"),
            models.Index(fields=["subject"], name="jobs_of_a_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"

    @property
    def has_ended(self) -> bool:
        return self.state in self.ENDED

    @property
    def percent(self) -> int:
        if self.state == self.State.DONE:
            return 100
        return self.progress_done * 100 // self.progress_total if self.progress_total else 0


class Heartbeat(models.Model):
    """When a periodic task last ran, for the health page."""

    restore_policy = "never"
    in_backups = False

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

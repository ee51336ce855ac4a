"""The queue in the overview of the administration."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core import overview
from core.overview import Figure, Item
from jobs.models import Job

VIEW_JOBS = "jobs.view_job"
LATE = timedelta(minutes=15)
WEEK = timedelta(days=7)


def figures(*, at: datetime) -> Iterator[Item]:
    jobs, since = reverse("admin:jobs_job_changelist"), at.replace(microsecond=0) - WEEK
    counts = Job.objects.filter(state__in=(Job.State.WAITING, Job.State.FAILED)).aggregate(
        waiting=Count("pk", filter=Q(state=Job.State.WAITING)),
        late=Count("pk", filter=Q(state=Job.State.WAITING, not_before__lt=at - LATE)),
        failed=Count("pk", filter=Q(state=Job.State.FAILED, finished_at__gte=since)),
    )
    yield Figure(
        "queue",
        overview.SITE,
        _("Jobs in the queue"),
        counts["waiting"],
        VIEW_JOBS,
        url=f"{jobs}?state__exact={Job.State.WAITING}",
        tone=overview.WARNING if counts["late"] else overview.WELL,
        words=_("Some have waited for a quarter of an hour.") if counts["late"] else "",
    )
    yield Figure(
        "failed-jobs",
        overview.SITE,
        _("Jobs failed within a week"),
        counts["failed"],
        VIEW_JOBS,
        url=f"{jobs}?state__exact={Job.State.FAILED}&finished_at__gte={since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        tone=overview.WARNING if counts["failed"] else overview.WELL,
    )

"""Figures for Prometheus, counted in the database when asked: the same on every machine.

Nothing in them tells of one person. Open to whoever shows METRICS_TOKEN, and to nobody without
one being set.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from accounts.models import User
from audit.models import AuditEvent
from backups import watching
from core.throttle import throttle
from jobs import services as jobs
from jobs.models import Job
from sessions_lock.models import SessionActivity
from vault.models import OtpEntry

DAY = timedelta(days=1)


@login_not_required
@throttle("metrics", "60/m")
def metrics(request: HttpRequest) -> HttpResponse:
    if not settings.METRICS_TOKEN or not _is_shown(request, settings.METRICS_TOKEN):
        raise Http404
    return _figures(request)


@require_safe
def _figures(request: HttpRequest) -> HttpResponse:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(SiteCollector(timezone.now()))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _is_shown(request: HttpRequest, token: str) -> bool:
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(shown.encode(), token.encode())


class SiteCollector(Collector):
    """What the site holds and does at one moment."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def collect(self) -> Iterator[Metric]:
        users = User.objects.filter(is_active=True)
        yield _one("authnode_users", "Active users.", users.count())
        yield _one(
            "authnode_entries", "Entries outside the trash.", OtpEntry.objects.live().count()
        )
        live = SessionActivity.objects.filter(ended_at=None, absolute_deadline__gt=self.at)
        yield _one("authnode_sessions", "Live sessions.", live.exclude(user=None).count())
        yield self._jobs()
        yield self._events()
        unsealed = AuditEvent.objects.filter(position=None).count()
        yield _one("authnode_audit_unsealed", "Audit events not in the chain yet.", unsealed)
        last = jobs.last_beat()
        age = (self.at - last).total_seconds() if last else float("inf")
        yield _one("authnode_beat_age_seconds", "Since scheduler and worker showed life.", age)
        for name, sentence, value in watching.numbers(at=self.at):
            yield _one(name, sentence, value)

    def _jobs(self) -> Metric:
        family = GaugeMetricFamily("authnode_jobs", "Jobs by state.", labels=["state"])
        rows = Job.objects.values_list("state").annotate(Count("id"))
        counted = dict(rows.order_by())
        for state in Job.State.values:
            family.add_metric([state], counted.get(state, 0))
        return family

    def _events(self) -> Metric:
        family = GaugeMetricFamily(
            "authnode_events_last_day", "Audit events of the last 24 hours.", labels=["event"]
        )
        recent = AuditEvent.objects.filter(at__gt=self.at - DAY)
        for event, count in recent.values_list("event").annotate(Count("id")).order_by("event"):
            family.add_metric([event], count)
        return family


def _one(name: str, sentence: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, sentence)
    family.add_metric([], value)
    return family

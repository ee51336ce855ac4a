"""Sessions in the overview of the administration."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core import overview
from core.overview import Figure, Item
from sessions_lock.models import SessionActivity


def figures(*, at: datetime) -> Iterator[Item]:
    live = SessionActivity.objects.live(at=at)
    yield Figure(
        "sessions",
        overview.ACCESS,
        _("Sessions now"),
        live.count(),
        "sessions_lock.view_sessionactivity",
        url=f"{reverse('admin:sessions_lock_sessionactivity_changelist')}?state=live",
    )

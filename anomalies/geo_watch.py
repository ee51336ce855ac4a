"""The operators are told once when places cannot be looked up, and once again after it was good."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts import operators
from anomalies.models import GeoNotice
from core import geo
from notifications import services as notifications

WORDS = {
    geo.OFF: "not set up",
    geo.MISSING: "missing",
    geo.UNREADABLE: "damaged or of another kind",
    geo.OLD: "older than sixty days",
}


def watch(*, at: datetime) -> bool:
    """Tell the operators of a change for the worse; the answer is whether they were told."""
    state = geo.state(geo.CITY, at=at)
    if state.is_ready:
        GeoNotice.objects.all().delete()
        return False
    with transaction.atomic():
        _, is_new = GeoNotice.objects.get_or_create(status=state.status, defaults={"told_at": at})
        if is_new:
            words = {"status": WORDS[state.status], "address": "", "browser": ""}
            for operator in operators.active():
                notifications.notify(operator, "geo_not_evaluated", params=words, at=at)
    return is_new

"""Sign-ins, cases and places in the overview of the administration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Case, Count, IntegerField, Value, When
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from anomalies.models import LoginAttempt, ReviewCase, SignInGrant
from core import geo, overview
from core.overview import DayChart, Figure, Item, Series

DAYS = 14
VIEW_CASES = "anomalies.view_reviewcase"
GOOD, FAILED, CHALLENGED = "good", "bad", "middle"
Outcome, Decision = LoginAttempt.Outcome, LoginAttempt.Decision


def figures(*, at: datetime) -> Iterator[Item]:
    cases = reverse("admin:anomalies_reviewcase_changelist")
    count = ReviewCase.objects.filter(state=ReviewCase.State.OPEN).count()
    yield Figure(
        "cases",
        overview.ACCESS,
        _("Open cases"),
        count,
        VIEW_CASES,
        url=f"{cases}?state__exact={ReviewCase.State.OPEN}",
        tone=overview.WARNING if count else overview.WELL,
        words=_("unusual sign-ins to be looked at"),
    )
    held = SignInGrant.waiting(at=at).filter(approved_at=None).count()
    yield Figure(
        "held",
        overview.ACCESS,
        _("Held sign-ins"),
        held,
        VIEW_CASES,
        url=f"{cases}?state__exact={ReviewCase.State.OPEN}&origin__exact=held",
        tone=overview.WARNING if held else overview.WELL,
    )
    yield _chart(at)
    yield _places(at)


def kind_of(outcome: str, decision: str) -> str:
    """Which colour a sign-in has in the chart; "" for one that nobody finished."""
    if outcome == Outcome.UNFINISHED:
        return ""
    if decision in (Decision.VERIFY, Decision.HOLD) or outcome in (Outcome.WAITING, Outcome.HELD):
        return CHALLENGED
    return GOOD if outcome == Outcome.SIGNED_IN else FAILED


def _chart(at: datetime) -> DayChart:
    today = at.astimezone(UTC).date()
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    counts = _counts(days)
    titles = ((GOOD, _("good")), (CHALLENGED, _("asked for more")), (FAILED, _("failed")))
    return DayChart(
        "sign-ins",
        overview.ACCESS,
        _("Sign-ins of the last 14 days (UTC)"),
        "anomalies.view_loginattempt",
        days,
        [
            Series(name, title, [counts[number, name] for number in range(DAYS)])
            for name, title in titles
        ],
        url=f"{reverse('admin:anomalies_loginattempt_changelist')}?at__gte={days[0]}T00:00:00Z",
    )


def _counts(days: list[date]) -> Counter[tuple[int, str]]:
    # Compared day by day and not cut to a date: SQLite would call Python for each row of it.
    starts = [datetime.combine(day, time.min, UTC) for day in days]
    whens = [
        When(at__gte=start, then=Value(len(starts) - 1 - back))
        for back, start in enumerate(reversed(starts))
    ]
    rows = (
        LoginAttempt.objects.filter(at__gte=starts[0])
        .annotate(day=Case(*whens, output_field=IntegerField()))
        .values_list("day", "outcome", "decision")
        .annotate(count=Count("pk"))
        .order_by()
    )
    counts: Counter[tuple[int, str]] = Counter()
    for day, outcome, decision, count in rows:
        counts[day, kind_of(outcome, decision)] += count
    return counts


def _places(at: datetime) -> Figure:
    state = geo.state(geo.CITY, at=at)
    words = {
        geo.OFF: _("No geo database: places are not evaluated."),
        geo.MISSING: _("The file is missing: run manage.py update_geoip."),
        geo.UNREADABLE: _("The file cannot be read: run manage.py update_geoip."),
        geo.OLD: _("Too old to be believed: run manage.py update_geoip."),
    }
    age = f"{(at - state.built_at).days} d" if state.built_at else "–"
    is_broken = state.status in (geo.MISSING, geo.UNREADABLE, geo.OLD)
    tone = overview.PROBLEM if is_broken else ""
    return Figure(
        "geo",
        overview.SITE,
        _("Age of the geo database"),
        age,
        VIEW_CASES,
        url=reverse("admin:anomalies_report"),
        tone=overview.WELL if state.is_ready else tone,
        words=words.get(state.status, ""),
    )

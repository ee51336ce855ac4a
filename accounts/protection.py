"""Which people a second factor protects, told by the database for many of them at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.lockouts import services as lockouts
from accounts.models import FactorReset, Passkey, TotpDevice, User
from core import overview
from core.overview import Figure, Item, Series, ShareChart

WITH, WITHOUT = "with", "without"
VIEW_USERS = "accounts.view_user"


def has_passkey() -> Exists:
    return Exists(Passkey.objects.filter(user=OuterRef("pk")))


def has_app() -> Exists:
    return Exists(TotpDevice.objects.filter(user=OuterRef("pk"), confirmed=True))


def filtered(people: QuerySet[User], which: str) -> QuerySet[User]:
    """Those with a second factor, or those without."""
    has_factor = Q(has_passkey()) | Q(has_app())
    return people.filter(has_factor if which == WITH else ~has_factor)


def figures(*, at: datetime) -> Iterator[Item]:
    """For the overview of the administration."""
    counts = _counts()
    people = reverse("admin:accounts_user_changelist")
    without, protected = counts.get((False, False), 0), sum(counts.values())
    protected -= without
    active = f"{people}?is_active__exact=1"
    yield Figure(
        *("with-factor", overview.PEOPLE, _("With a second factor"), protected, VIEW_USERS),
        url=f"{active}&factor={WITH}",
    )
    yield Figure(
        *("without-factor", overview.PEOPLE, _("Without a second factor"), without, VIEW_USERS),
        url=f"{active}&factor={WITHOUT}",
        tone=overview.WARNING if without else overview.WELL,
    )
    locked = len(lockouts.locked(at=at))
    yield Figure(
        "locked",
        overview.ACCESS,
        _("Locked sign-ins"),
        locked,
        "accounts.view_lockedsignin",
        url=reverse("admin:accounts_lockedsignin_changelist"),
        tone=overview.WARNING if locked else overview.WELL,
    )
    waiting = FactorReset.objects.filter(stopped_at=None, done_at=None).count()
    yield Figure(
        "resets",
        overview.PEOPLE,
        _("Factor resets waiting"),
        waiting,
        "accounts.view_factorreset",
        url=f"{reverse('admin:accounts_factorreset_changelist')}?state=waiting",
    )
    yield _chart(counts)


def _chart(counts: dict[tuple[bool, bool], int]) -> ShareChart:
    keys = counts.get((True, True), 0) + counts.get((True, False), 0)
    return ShareChart(
        "protection",
        overview.PEOPLE,
        _("What protects the accounts"),
        VIEW_USERS,
        (
            Series("good", _("a passkey"), (keys,)),
            Series("middle", _("an app alone"), (counts.get((False, True), 0),)),
            Series("bad", _("the password alone"), (counts.get((False, False), 0),)),
        ),
    )


def _counts() -> dict[tuple[bool, bool], int]:
    """How many active people have (a passkey, an app)."""
    rows: Any = (
        User.objects.filter(is_active=True)
        .annotate(key=has_passkey(), app=has_app())
        .values("key", "app")
        .annotate(count=Count("pk"))
        .order_by()
    )
    return {(bool(row["key"]), bool(row["app"])): row["count"] for row in rows}

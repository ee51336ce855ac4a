"""Backup sign-in codes in the overview of the administration, and in its list of people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import protection
from accounts.models import User
from core import overview
from core.overview import Figure, Item
from recovery import services as recovery
from recovery.models import RecoveryCode

NONE, LOW, ENOUGH = "none", "low", "enough"
TITLES = {NONE: _("none"), LOW: _("few"), ENOUGH: _("enough")}


def filtered(people: QuerySet[User], which: str) -> QuerySet[User]:
    """Those with no usable code, with few, or with enough of them."""
    usable = (
        RecoveryCode.objects.filter(
            user=OuterRef("pk"),
            used_at=None,
            recovery_set__superseded_at=None,
            recovery_set__invalidated_at=None,
        )
        .order_by()
        .values("user")
        .annotate(count=Count("pk"))
        .values("count")
    )
    counted = people.annotate(codes_left=Coalesce(Subquery(usable, output_field=IntegerField()), 0))
    wanted = {
        NONE: {"codes_left": 0},
        LOW: {"codes_left__gt": 0, "codes_left__lte": recovery.LOW},
        ENOUGH: {"codes_left__gt": recovery.LOW},
    }
    return counted.filter(**wanted[which])


def figures(*, at: datetime) -> Iterator[Item]:
    """Who would be locked out by the loss of a phone, and who nearly."""
    at_risk = protection.filtered(User.objects.filter(is_active=True), protection.WITH)
    people = reverse("admin:accounts_user_changelist")
    for which, title in ((NONE, _("Without backup codes")), (LOW, _("Low on backup codes"))):
        count = filtered(at_risk, which).values(one=F("pk")).count()
        yield Figure(
            f"codes-{which}",
            overview.PEOPLE,
            title,
            count,
            "recovery.view_recoveryset",
            url=f"{people}?is_active__exact=1&factor={protection.WITH}&codes={which}",
            tone=overview.WARNING if count else overview.WELL,
            words=_("of those with a second factor"),
        )

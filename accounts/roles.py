"""Who may do what in the administration: three roles, each a group of Django's.

A viewer sees, a helpdesk helps people who are locked out, an operator may do everything. What a
group may do is settled by `authnode.permissions`; here a person gets a role, or loses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts import operators, signals
from accounts.models import SignUpToken, User
from audit import events
from audit import services as audit
from notifications import services as notifications

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

NONE, VIEWER, HELPDESK, OPERATOR = "", "viewer", "helpdesk", "operator"
TITLES: Mapping[str, StrPromise] = {
    NONE: _("none"),
    VIEWER: _("viewer"),
    HELPDESK: _("helpdesk"),
    OPERATOR: _("operator"),
}
# The highest last: somebody in two groups has the higher role.
NAMES = (VIEWER, HELPDESK, OPERATOR)
# What somebody is told of a role is not about the browser of whoever gave it.
NOWHERE = {"address": "", "browser": ""}


class UnknownRole(Exception):
    """There is no role of this name."""


def of(user: Any) -> str:
    """The role of a person, or "" for none."""
    if not user.is_staff:
        return NONE
    if user.is_superuser:
        return OPERATOR
    # Sorted here and not by the database, so that a list can have fetched the groups before.
    names = {group.name for group in user.groups.all()}
    return next((name for name in reversed(NAMES) if name in names), NONE)


def filtered(people: QuerySet[User], role: str) -> QuerySet[User]:
    """Those of these people who have this role."""
    operators_only = Q(is_staff=True, is_superuser=True)
    if role == OPERATOR:
        return people.filter(operators_only)
    groups = Group.objects.filter(user=OuterRef("pk"))
    if role == NONE:
        has_group = Q(is_staff=True) & Q(Exists(groups.filter(name__in=NAMES)))
        return people.exclude(operators_only | has_group)
    higher = NAMES[NAMES.index(role) + 1 :]
    has_role = Q(Exists(groups.filter(name=role))) & ~Q(Exists(groups.filter(name__in=higher)))
    return people.filter(has_role, is_staff=True, is_superuser=False)


def title(role: str) -> str:
    return str(TITLES[role])


def give(
    user: User, role: str, *, by: User | None, from_groups: bool = False, at: datetime
) -> bool:
    """Give somebody a role in place of the one they have; raises operators.LastOperator.

    Every session of theirs ends, trusted browsers are forgotten and links to reset the password
    withdrawn: what was got hold of while the account mattered less is worth nothing now. False
    when the role was the same already.
    """
    if role not in TITLES:
        raise UnknownRole
    with transaction.atomic():
        user = User.objects.get(pk=user.pk)
        former = of(user)
        if former == role:
            return False
        if former == OPERATOR:
            operators.ask_to_lose(user)
        _set(user, role)
        if former == OPERATOR:
            _withdraw_what_they_handed_out(user, at=at)
        _record(user, former, role, by=by, from_groups=from_groups, at=at)
        signals.credentials_changed.send(sender=User, user_id=user.pk, but=None, at=at)
    return True


def join(user: User, role: str) -> None:
    """Put a person who has the flags of a role already into its group."""
    user.groups.set([Group.objects.get_or_create(name=role)[0]] if role else [])


def _set(user: User, role: str) -> None:
    User.objects.filter(pk=user.pk).update(is_staff=role != NONE, is_superuser=role == OPERATOR)
    join(user, role)


def _withdraw_what_they_handed_out(user: User, *, at: datetime) -> None:
    """Links that make operators, and nobody answers for any more."""
    rows = SignUpToken.open(at=at).filter(invited_by=user, makes_operator=True)
    if rows.update(withdrawn_at=at):
        audit.record(events.INVITATION_WITHDRAWN, user=user.pk, at=at)


def _record(
    user: User, former: str, role: str, *, by: User | None, from_groups: bool, at: datetime
) -> None:
    if from_groups:
        event = events.OPERATOR_MADE if role == OPERATOR else events.OPERATOR_UNMADE
    else:
        event = events.ROLE_CHANGED
    giver = "provider" if from_groups else str(by.pk) if by else "console"
    audit.record(
        event,
        user=user.pk,
        details={"role": title(role)},
        facts={"from": former or "none", "to": role or "none", "operator": giver},
        at=at,
    )
    notifications.notify(user, "role_changed", params={"role": title(role), **NOWHERE}, at=at)

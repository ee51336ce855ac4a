"""The operators of the site, and that one of them always stays."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.models import User


class LastOperator(Exception):
    """The only operator cannot go while other people have accounts here."""


def active() -> QuerySet[User]:
    """Who may do everything here, and is not switched off."""
    return User.objects.filter(is_staff=True, is_superuser=True, is_active=True)


def is_one(user: User) -> bool:
    return user.is_staff and user.is_superuser


def ask_to_lose(user: User) -> None:
    """Raises LastOperator when nobody else operates the site; called inside the transaction.

    The rows of all operators are locked: of two who would take the role from each other at the
    same moment the second sees what the first has done.
    """
    rows = active().order_by("pk").select_for_update()
    operators = list(rows.values_list("pk", flat=True))
    if operators == [user.pk]:
        raise LastOperator

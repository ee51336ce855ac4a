"""The operators of the site, and that one of them always stays."""

from __future__ import annotations

from accounts.models import User


class LastOperator(Exception):
    """The only operator cannot go while other people have accounts here."""


def ask_to_lose(user: User) -> None:
    """Raises LastOperator when nobody else operates the site; called inside the transaction.

    The rows of all operators are locked: of two who would take the role from each other at the
    same moment the second sees what the first has done.
    """
    active = User.objects.filter(is_staff=True, is_active=True).order_by("pk")
    operators = list(active.select_for_update().values_list("pk", flat=True))
    if operators == [user.pk]:
        raise LastOperator

from __future__ import annotations

from datetime import datetime

from axes import utils as axes
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts import addresses
from accounts.models import SignUpToken, User
from accounts.operators import LastOperator, ask_to_lose
from accounts.reset import address
from audit import events
from audit import services as audit

__all__ = ["LastOperator", "change", "delete"]


def change(user: User, *, email: str, display_name: str, at: datetime) -> None:
    """Change the name and, where the site sends no mail, the address.

    With mail a new address waits until it is confirmed from its own mailbox. Raises
    address.AddressTaken or allowances.Spent.
    """
    email = addresses.normalise(email)
    is_new = email != user.email
    if is_new and settings.MAIL_IS_CONFIGURED:
        address.ask(user, email=email, at=at)
    with transaction.atomic():
        if is_new and not settings.MAIL_IS_CONFIGURED:
            address.move(user, email=email, at=at)
        if display_name != user.display_name:
            User.objects.filter(pk=user.pk).update(display_name=display_name)
            audit.record(events.PROFILE_CHANGED, user=user.id, at=at)


def delete(user: User, *, at: datetime) -> None:
    """Delete the account and all in it; its events keep a pseudonym. Raises LastOperator."""
    user_id = user.id
    with transaction.atomic():
        if User.objects.exclude(id=user_id).filter(is_active=True).exists():
            ask_to_lose(user)
        audit.record(events.ACCOUNT_DELETED, user=user_id, at=at)
        SignUpToken.objects.filter(Q(user_id=user_id) | Q(email=user.email)).delete()
        axes.reset(username=user.email)
        user.delete()
        audit.pseudonymise(user_id, at=at)

from __future__ import annotations

from datetime import datetime

from axes import utils as axes
from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts import addresses
from accounts.models import SignUpToken, User
from accounts.sign_up import AddressTaken
from audit import events
from audit import services as audit
from notifications import services as notifications


class LastOperator(Exception):
    """The only operator cannot leave while other people have accounts here."""


def change(user: User, *, email: str, display_name: str, at: datetime) -> None:
    """Change name and address; a new address is told to the old one. Raises AddressTaken."""
    email = addresses.normalise(email)
    with transaction.atomic():
        if email != user.email:
            # Before the change, so that the mail goes where the owner reads it today.
            notifications.notify(user, "profile_changed", params={"email": email}, at=at)
        user.email, user.display_name = email, display_name
        try:
            with transaction.atomic():
                user.save(update_fields=["email", "display_name"])
        except IntegrityError:
            raise AddressTaken from None
        audit.record(events.PROFILE_CHANGED, user=user.id, at=at)


def delete(user: User, *, at: datetime) -> None:
    """Delete the account with everything in it; its audit events keep a pseudonym."""
    others = User.objects.exclude(id=user.id).filter(is_active=True)
    if user.is_staff and others.exists() and not others.filter(is_staff=True).exists():
        raise LastOperator
    user_id = user.id
    with transaction.atomic():
        audit.record(events.ACCOUNT_DELETED, user=user_id, at=at)
        SignUpToken.objects.filter(Q(user_id=user_id) | Q(email=user.email)).delete()
        axes.reset(username=user.email)
        user.delete()
        audit.pseudonymise(user_id, at=at)

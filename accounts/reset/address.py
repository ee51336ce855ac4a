"""A new e-mail address, confirmed from its own mailbox before it counts."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import addresses, links, signals
from accounts.models import AddressChange, User
from accounts.reset import asking
from audit import events
from audit import services as audit
from core import allowances
from notifications import services as notifications

LINK_FOR = timedelta(hours=24)
MAILS_PER_ADDRESS = 3
CHANGES_PER_USER = 10


class AddressChangeRefused(Exception):
    """The base of the refusals here."""


class LinkNotValid(AddressChangeRefused):
    """The link was used, cancelled or replaced, has expired, never existed or is not theirs."""


class AddressTaken(AddressChangeRefused):
    """Somebody else has an account with this address by now."""


def waiting(user: User, *, at: datetime) -> AddressChange | None:
    """The change that waits to be confirmed."""
    return AddressChange.open(at=at).filter(user=user).first()


def ask(user: User, *, email: str, at: datetime) -> None:
    """Mail a link to the new address and tell the old one; raises allowances.Spent.

    An address that somebody has gets words for its owner instead. The row, and what the page
    says, are the same; but that row's token was never told to anybody.
    """
    email = addresses.normalise(email)
    hour, day = timedelta(hours=1), timedelta(days=1)
    allowances.claim("address change", str(user.pk), limit=CHANGES_PER_USER, per=day, at=at)
    allowances.claim("address mail", email, limit=MAILS_PER_ADDRESS, per=hour, at=at)
    token = secrets.token_urlsafe(32)
    is_taken = User.objects.filter(email=email).exists()
    with transaction.atomic():
        _withdraw(user, at=at)
        row = AddressChange.objects.create(
            user=user,
            email=email,
            token_hash=asking.hash_of(token),
            created_at=at,
            expires_at=at + LINK_FOR,
        )
        words = {
            "link": "" if is_taken else links.absolute("accounts:address", token=token),
            "expires_at": row.expires_at.isoformat(),
        }
        template = "address_known" if is_taken else "address_change"
        notifications.send_mail(email, template, words, at=at)
        notifications.notify(user, "address_change_requested", params={"email": email}, at=at)
        audit.record(events.ADDRESS_CHANGE_REQUESTED, user=user.pk, details={"email": email}, at=at)


def cancel(user: User, *, at: datetime) -> bool:
    """Give the waiting change up; False when there is none."""
    with transaction.atomic():
        is_cancelled = bool(_withdraw(user, at=at))
        if is_cancelled:
            audit.record(events.ADDRESS_CHANGE_CANCELLED, user=user.pk, at=at)
    return is_cancelled


def find(token: str, *, at: datetime) -> AddressChange:
    """The open change of a token; raises LinkNotValid."""
    row = AddressChange.open(at=at).filter(token_hash=asking.hash_of(token)).first()
    if row is None:
        audit.record_refusal(events.ADDRESS_LINK_REFUSED, at=at)
        raise LinkNotValid
    return row


def own(user: User, change_id: UUID | str, *, at: datetime) -> AddressChange:
    """The user's own open change; raises LinkNotValid. A stranger's is recorded."""
    row = AddressChange.open(at=at).filter(id=change_id).first()
    if row is not None and row.user_id == user.pk:
        return row
    if row is not None:
        audit.record_foreign_object(user, "address change")
    raise LinkNotValid


def complete(user: User, change_id: UUID, *, at: datetime) -> None:
    """Move the account to the confirmed address, once; raises AddressChangeRefused.

    The old address is told. Links to reset the password, mailed to the old address, end.
    """
    with transaction.atomic():
        row = own(user, change_id, at=at)
        if AddressChange.open(at=at).filter(id=row.id).update(used_at=at) != 1:
            raise LinkNotValid
        move(user, email=row.email, at=at)
        signals.address_proven.send(sender=User, user_id=user.pk, email=row.email, at=at)


def move(user: User, *, email: str, at: datetime) -> None:
    """Change the address now; raises AddressTaken."""
    with transaction.atomic():
        # Before the change, so that the mail goes where the owner has read it until today.
        notifications.notify(user, "profile_changed", params={"email": email}, at=at)
        try:
            with transaction.atomic():
                User.objects.filter(pk=user.pk).update(email=email)
        except IntegrityError:
            raise AddressTaken from None
        asking.withdraw_all(user.pk, at=at)
        audit.record(events.ADDRESS_CHANGED, user=user.pk, at=at)


def _withdraw(user: User, *, at: datetime) -> int:
    return AddressChange.open(at=at).filter(user=user).update(expires_at=at)

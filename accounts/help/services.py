"""Operators' help for somebody who has lost every second factor.

The factors go a day after the request: time for the owner, who is told at once, to stop a thief
who has talked an operator into it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import factors, operators, roles, signals
from accounts.models import FactorReset, Passkey, TotpDevice, User
from audit import events
from audit import services as audit
from keyslots.models import KeySlot
from notifications import services as notifications

WAITS_FOR = timedelta(hours=24)
# Whoever helps is not shown to the user by address and browser, as if it were an intruder.
NOWHERE = {"address": "", "browser": ""}


class ResetRefused(Exception):
    """The base of the refusals here."""


class NothingToReset(ResetRefused):
    """This user has no second factor."""


class ResetWaits(ResetRefused):
    """A reset of this user's factors waits already."""


class NotTheirs(ResetRefused):
    """Only an operator may ask this for somebody who has a role."""


class ResetClosed(ResetRefused):
    """The reset was stopped, was carried out, or never existed."""


def request_reset(
    user: User,
    *,
    reason: str,
    by: User | None,
    at: datetime,
    waits_for: timedelta = WAITS_FOR,
) -> FactorReset:
    """Ask for the removal of a user's factors; raises ResetRefused."""
    # Whoever helps would else be an operator's second factor away from being one.
    if by is not None and roles.of(user) and not operators.is_one(by):
        raise NotTheirs
    if factors.count(user) == 0:
        raise NothingToReset
    row = FactorReset(
        user=user, requested_by=by, reason=reason, created_at=at, effective_at=at + waits_for
    )
    with transaction.atomic():
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            raise ResetWaits from None
        audit.record(
            events.FACTOR_RESET_REQUESTED,
            user=user.pk,
            details={"reason": reason},
            facts={"operator": str(by.pk) if by else "console"},
            at=at,
        )
        User.objects.filter(pk=user.pk).update(factor_reset_at=row.effective_at)
        words = {"reason": reason, "when": f"{row.effective_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"}
        notifications.notify(user, "factor_reset_requested", params=words | NOWHERE, at=at)
    return row


def waiting(user: User) -> FactorReset | None:
    """The reset of this user that can still be stopped."""
    return FactorReset.objects.filter(user=user, stopped_at=None, done_at=None).first()


def stop(reset_id: UUID, *, by: User, at: datetime) -> None:
    """Stop a reset, as the user it concerns or as an operator; raises ResetClosed."""
    with transaction.atomic():
        row = FactorReset.objects.select_related("user").filter(pk=reset_id).first()
        open_rows = FactorReset.objects.filter(pk=reset_id, stopped_at=None, done_at=None)
        if row is None or open_rows.update(stopped_at=at) != 1:
            raise ResetClosed
        User.objects.filter(pk=row.user_id).update(factor_reset_at=None)
        facts = {"by": "user" if row.user_id == by.pk else "operator"}
        audit.record(events.FACTOR_RESET_STOPPED, user=row.user_id, facts=facts, at=at)
        notifications.notify(row.user, "factor_reset_stopped", params=NOWHERE, at=at)


def apply_due(*, at: datetime) -> int:
    """Carry out every reset whose day is over; the answer is their number."""
    due = FactorReset.objects.filter(stopped_at=None, done_at=None, effective_at__lte=at)
    return sum(apply(reset_id, at=at) for reset_id in due.values_list("pk", flat=True))


def apply(reset_id: UUID, *, at: datetime) -> bool:
    """Carry out a reset once; False when it was stopped, is done, or its day is not over."""
    with transaction.atomic():
        claimed = FactorReset.objects.filter(
            pk=reset_id, stopped_at=None, done_at=None, effective_at__lte=at
        ).update(done_at=at)
        if claimed != 1:
            return False
        user = FactorReset.objects.select_related("user").get(pk=reset_id).user
        _remove_factors(user, at=at)
        audit.record(events.FACTORS_RESET, user=user.pk, at=at)
        notifications.notify(user, "factors_reset", params=NOWHERE, at=at)
        # Ends every session; the trusted browsers go with it.
        signals.credentials_changed.send(sender=User, user_id=user.pk, but=None, at=at)
    return True


def _remove_factors(user: User, *, at: datetime) -> None:
    User.objects.filter(pk=user.pk).update(factor_reset_at=None)
    devices = TotpDevice.objects.filter(user=user)
    passkeys = Passkey.objects.filter(user=user)
    # What a lost passkey would open goes with it; the other slots of the notes stay.
    slots = KeySlot.objects.filter(passkey__user=user)
    for kind, rows in (("totp_device", devices), ("passkey", passkeys), ("key_slot", slots)):
        for row_id in rows.values_list("pk", flat=True):
            audit.bury(kind, row_id, at=at)
    slots.delete()
    devices.delete()
    passkeys.delete()

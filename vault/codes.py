"""The codes that entries show at one moment.

Each secret is opened once and gives the code and the one after it. Counter-based entries show
nothing here: asking for their code uses it up, which is a deed (`services.advance_hotp`).
An entry whose secret cannot be opened has no code, and the others still have theirs.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from core import otp, sealing
from vault.models import EntryType, OtpEntry

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger(__name__)
SECRET = OtpEntry._meta.get_field("sealed_secret")


class EntryCode(NamedTuple):
    """A code, the one after it, and when the first gives way to the second."""

    code: str
    next_code: str
    valid_until: int
    period: int

    def seconds_left(self, at: datetime) -> int:
        return self.valid_until - int(at.timestamp())


def codes_for(owner: User, *, at: datetime) -> dict[UUID, EntryCode]:
    """Codes of all live time-based entries of a user, by entry."""
    entries = OtpEntry.objects.for_owner(owner).live().exclude(type=EntryType.HOTP)
    # Rows and not instances: making a thousand instances takes as long as making their codes.
    return _codes(entries.values_list(*FIELDS), owner.pk, at)


def codes_of(entries: Iterable[OtpEntry], *, at: datetime) -> dict[UUID, EntryCode]:
    """Codes of the time-based ones among some entries of one user, by entry."""
    timed = [entry for entry in entries if not entry.is_hotp]
    rows = (tuple(getattr(entry, name) for name in FIELDS) for entry in timed)
    return _codes(rows, timed[0].owner_id, at) if timed else {}


def hotp_code(entry: OtpEntry, counter: int) -> str:
    """The code of one counter; whoever asks has claimed it."""
    secret = sealing.open_field(entry, "sealed_secret")
    return otp.hotp(secret, counter, algorithm=entry.algorithm, digits=entry.digits)


def code_at(
    secret: bytes, seconds: int, *, kind: str, algorithm: str, digits: int, period: int
) -> str:
    """The code of a time-based secret at a moment."""
    if kind == EntryType.STEAM:
        return otp.steam(secret, seconds, period=period)
    return otp.totp(secret, seconds, period=period, algorithm=algorithm, digits=digits)


FIELDS = ("id", "sealed_secret", "type", "algorithm", "digits", "period")


def _codes(rows: Iterable[tuple[Any, ...]], owner_id: UUID, at: datetime) -> dict[UUID, EntryCode]:
    seconds = int(at.timestamp())
    made = {}
    for pk, token, kind, algorithm, digits, period in rows:
        try:
            place = sealing.place_of(pk, "sealed_secret")
            secret = sealing.unseal(SECRET.purpose, owner_id, place, token)
        except sealing.SealingError:
            logger.error("The secret of entry %s cannot be opened.", pk)
            continue
        until = (seconds // period + 1) * period
        now, later = (
            code_at(secret, moment, kind=kind, algorithm=algorithm, digits=digits, period=period)
            for moment in (seconds, until)
        )
        made[pk] = EntryCode(now, later, until, period)
    return made

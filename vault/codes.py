"""The codes that entries show at one moment.

Each secret is opened once and gives the code and the one after it. Counter-based entries show
nothing here: asking for their code uses it up, which is a deed (`services.advance_hotp`).
An entry whose secret cannot be opened has no code, and the others still have theirs.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from core import otp, sealing
from vault.models import EntryType, OtpEntry

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger(__name__)


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
    return codes_of(entries.only(*HOT_FIELDS).iterator(), at=at)


def codes_of(entries: Iterable[OtpEntry], *, at: datetime) -> dict[UUID, EntryCode]:
    """Codes of the time-based ones among some entries, by entry."""
    seconds = int(at.timestamp())
    codes = {}
    for entry in entries:
        if entry.type == EntryType.HOTP:
            continue
        try:
            secret = sealing.open_field(entry, "sealed_secret")
        except sealing.SealingError:
            logger.error("The secret of entry %s cannot be opened.", entry.pk)
            continue
        codes[entry.pk] = _code(entry, secret, seconds)
    return codes


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


HOT_FIELDS = ("id", "owner_id", "type", "algorithm", "digits", "period", "sealed_secret")


def _code(entry: OtpEntry, secret: bytes, seconds: int) -> EntryCode:
    period = entry.period
    until = (seconds // period + 1) * period
    now, later = (
        code_at(
            secret,
            moment,
            kind=entry.type,
            algorithm=entry.algorithm,
            digits=entry.digits,
            period=period,
        )
        for moment in (seconds, until)
    )
    return EntryCode(now, later, until, period)

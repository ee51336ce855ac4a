from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from audit import events
from core import otp
from notifications import services as notifications
from vault import codes, conversion
from vault.formats import otpauth
from vault.models import HIGHEST_COUNTER, EntryType, OtpEntry
from vault.refusals import VaultRefusal
from vault.services.changing import EntryGone
from vault.services.records import record, words_of


class NotCounterBased(VaultRefusal):
    sentence = _("This account shows its code without being asked.")


class CounterAtEnd(VaultRefusal):
    sentence = _("The counter has reached its end. Set it up anew at the service.")


class NothingToUndo(VaultRefusal):
    sentence = _("The counter has moved on since, so that step cannot be taken back.")


@dataclass(frozen=True, slots=True)
class CounterCode:
    """A counter-based code and the counter that made it."""

    code: str = field(repr=False)
    counter: int


@dataclass(frozen=True, slots=True)
class Revealed:
    """A secret as people type it, and as the link that a QR code holds."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


def advance_hotp(*, entry: OtpEntry, at: datetime) -> CounterCode:
    """Claim the next counter of a counter-based entry and make its code."""
    if not entry.is_hotp:
        raise NotCounterBased
    with transaction.atomic():
        rows = OtpEntry.objects.live().filter(pk=entry.pk, type=EntryType.HOTP)
        claimed = rows.filter(counter__lt=HIGHEST_COUNTER).update(
            undoable_counter=F("counter"),
            counter=F("counter") + 1,
            last_used_at=at,
            uses=F("uses") + 1,
        )
        if claimed != 1:
            raise CounterAtEnd if rows.exists() else EntryGone
        # The row is ours until the transaction ends, so this is the counter we set ourselves.
        entry.refresh_from_db()
        counter = entry.counter - 1
        code = codes.hotp_code(entry, counter)
        record(events.HOTP_ADVANCED, entry, at=at, counter=counter)
    return CounterCode(code, counter)


def undo_hotp(*, entry: OtpEntry, counter: int, at: datetime) -> None:
    """Give back the counter a code was made with, as nobody used that code; one step only.

    Raises NothingToUndo when another code was made or the counter was changed meanwhile.
    """
    with transaction.atomic():
        rows = OtpEntry.objects.live().filter(pk=entry.pk, type=EntryType.HOTP)
        undone = rows.filter(undoable_counter=counter, counter=counter + 1).update(
            counter=counter, undoable_counter=None
        )
        if undone != 1:
            raise NothingToUndo if rows.exists() else EntryGone
        entry.refresh_from_db()
        record(events.HOTP_UNDONE, entry, at=at, counter=counter)


def mark_used(*, entry: OtpEntry, at: datetime) -> None:
    """Note that the code of an entry was copied."""
    with transaction.atomic():
        copied = (
            OtpEntry.objects.live().filter(pk=entry.pk).update(last_used_at=at, uses=F("uses") + 1)
        )
        if copied != 1:
            raise EntryGone
        record(events.CODE_COPIED, entry, at=at)


def reveal_secret(*, entry: OtpEntry, at: datetime) -> Revealed:
    """Show the secret of an entry; its owner is told, whoever did it."""
    if entry.is_trashed:
        raise EntryGone
    account = conversion.account_of(entry)
    with transaction.atomic():
        record(events.SECRET_REVEALED, entry, at=at)
        notifications.notify(entry.owner, "secret_revealed", params=words_of(entry), at=at)
    return Revealed(otp.encode_base32(account.secret), otpauth.write(account))

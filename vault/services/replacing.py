"""Another secret for an entry, and the way back: the earlier one is kept for 30 days."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit import events
from core import sealing
from notifications import services as notifications
from vault import conversion
from vault.formats.account import OtpAccount
from vault.models import EarlierSecret, OtpEntry
from vault.refusals import VaultRefusal
from vault.services.changing import EntryGone
from vault.services.holding import hold_vault
from vault.services.records import record, words_of

KEPT_FOR = timedelta(days=30)
# A counter that went on is no other secret.
PARTS = ("type", "secret", "algorithm", "digits", "period")


class EarlierSecretGone(VaultRefusal):
    sentence = _("That earlier secret is no longer kept.")


def replace_secret(
    *, entry: OtpEntry, account: OtpAccount, at: datetime, tell: bool = True
) -> bool:
    """Give an entry the secret and parameters of an account; its names stay.

    What it was before is kept for 30 days. False when nothing is different. Without `tell` the
    caller tells the owner, once for many entries. Raises EntryGone.
    """
    with transaction.atomic():
        hold_vault(entry.owner_id)
        if not _replace(entry, account, at):
            return False
        record(events.SECRET_REPLACED, entry, at=at)
        if tell:
            _tell(entry, at)
    return True


def put_back(*, earlier: EarlierSecret, at: datetime) -> OtpEntry:
    """Give an entry an earlier secret again; the one it has now becomes an earlier one."""
    with transaction.atomic():
        hold_vault(earlier.owner_id)
        kept = EarlierSecret.objects.kept(at).filter(pk=earlier.pk)
        if kept.delete()[0] != 1:
            raise EarlierSecretGone
        entry = OtpEntry.objects.live().filter(pk=earlier.entry_id).first()
        if entry is None:
            raise EntryGone
        _replace(entry, account_of(earlier), at)
        record(events.SECRET_PUT_BACK, entry, at=at)
        _tell(entry, at)
    return entry


def account_of(earlier: EarlierSecret) -> OtpAccount:
    """The account an entry was; raises core.sealing.SealingError."""
    return conversion.from_json(sealing.open_field(earlier, "sealed_account"))


def forget_earlier(*, at: datetime) -> int:
    """Delete the earlier secrets whose 30 days are over; the answer is their number."""
    return EarlierSecret.objects.expired(at).delete()[0]


def _replace(entry: OtpEntry, account: OtpAccount, at: datetime) -> bool:
    entry.refresh_from_db()
    if entry.is_trashed:
        raise EntryGone
    before = conversion.account_of(entry)
    if all(getattr(before, part) == getattr(account, part) for part in PARTS):
        return False
    _keep(entry, before, at)
    entry.type, entry.algorithm = account.type, account.algorithm
    entry.digits, entry.period, entry.counter = account.digits, account.period, account.counter
    entry.undoable_counter, entry.updated_at = None, at
    sealing.seal_field(entry, "sealed_secret", account.secret)
    entry.save(
        update_fields=[
            "type",
            "algorithm",
            "digits",
            "period",
            "counter",
            "undoable_counter",
            "sealed_secret",
            "updated_at",
        ]
    )
    return True


def _keep(entry: OtpEntry, before: OtpAccount, at: datetime) -> None:
    earlier = EarlierSecret(
        entry=entry, owner_id=entry.owner_id, replaced_at=at, expires_at=at + KEPT_FOR
    )
    sealing.seal_field(earlier, "sealed_account", conversion.to_json(before))
    earlier.save(force_insert=True)


def _tell(entry: OtpEntry, at: datetime) -> None:
    notifications.notify(entry.owner, "secret_replaced", params=words_of(entry), at=at)

"""What an import does to a vault, after a person has decided about each account."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction

from accounts.totp import services as totp
from vault.formats.account import OtpAccount
from vault.models import Category, OtpEntry
from vault.services import adding, categories
from vault.services.changing import EntryChange, EntryGone, change_entry
from vault.services.holding import hold_vault

if TYPE_CHECKING:
    from accounts.models import User

# SQLite takes a limited number of values in one statement.
IDS_AT_ONCE = 500


def add_decided(*, owner: User, accounts: Sequence[OtpAccount], at: datetime) -> list[OtpEntry]:
    """Add accounts, those too whose secret the vault has already; the import is recorded."""
    with transaction.atomic():
        hold_vault(owner.pk)
        return adding.write(owner, accounts, at, is_recorded=False)


def trash_imported(*, owner: User, ids: Collection[UUID], at: datetime) -> int:
    """Put entries into the trash that are not there yet; undoing the import is recorded."""
    trashed = 0
    wanted = list(ids)
    with transaction.atomic():
        hold_vault(owner.pk)
        for start in range(0, len(wanted), IDS_AT_ONCE):
            live = OtpEntry.objects.for_owner(owner).live()
            some = wanted[start : start + IDS_AT_ONCE]
            trashed += live.filter(pk__in=some).update(trashed_at=at)
    return trashed


def guarding(
    *, owner: User, entries: Sequence[OtpEntry], accounts: Sequence[OtpAccount]
) -> list[OtpEntry]:
    """Those of some new entries whose code is asked for at the sign-in to this very vault."""
    guards = totp.guarding_secrets(owner)
    pairs = zip(accounts, entries, strict=True)
    return [entry for account, entry in pairs if account.secret in guards]


def overwrite(*, entry: OtpEntry, account: OtpAccount, at: datetime) -> bytes:
    """Give an entry the names and parameters of an account with its secret.

    The answer is what `undo_overwrite` takes to make it as it was. Raises EntryGone.
    """
    former = _former(entry)
    counter = max(entry.counter, account.counter) if account.is_hotp else None
    with transaction.atomic():
        hold_vault(entry.owner_id)
        named = categories.named(owner=entry.owner, names=set(account.categories), at=at)
        _change(
            entry,
            {
                "issuer": account.issuer,
                "account_name": account.name,
                "type": account.type,
                "algorithm": account.algorithm,
                "digits": account.digits,
                "period": account.period,
            },
            [*entry.categories.all(), *named.values()] if account.categories else None,
            at,
            # Codes below a counter that was used are refused by the service: it never goes back.
            counter=counter,
        )
    return json.dumps(former).encode()


def undo_overwrite(*, entry: OtpEntry, former: bytes, at: datetime) -> bool:
    """Make an entry what it was; False when it is no longer in the vault."""
    values = json.loads(former)
    ids = [UUID(key) for key in values.pop("categories")]
    rows = list(Category.objects.filter(owner_id=entry.owner_id, pk__in=ids))
    try:
        _change(entry, values, rows, at)
    except EntryGone:
        return False
    return True


def category_ids(owner: User) -> set[UUID]:
    return set(Category.objects.for_owner(owner).values_list("pk", flat=True))


def delete_empty_categories(*, owner: User, ids: Collection[UUID], at: datetime) -> int:
    """Delete those of some categories that hold no entry any more, trash apart."""
    with transaction.atomic():
        hold_vault(owner.pk)
        mine = Category.objects.for_owner(owner).filter(pk__in=ids)
        empty = mine.exclude(entries__in=OtpEntry.objects.for_owner(owner).live())
        rows = list(empty)
        for category in rows:
            categories.delete_category(category=category, at=at)
    return len(rows)


def _former(entry: OtpEntry) -> dict[str, Any]:
    names = ("issuer", "account_name", "type", "algorithm", "digits", "period")
    ids = [str(category.pk) for category in entry.categories.all()]
    return {**{name: getattr(entry, name) for name in names}, "categories": ids}


def _change(
    entry: OtpEntry,
    values: dict[str, Any],
    rows: Collection[Category] | None,
    at: datetime,
    *,
    counter: int | None = None,
) -> None:
    change = EntryChange(
        **values,
        counter=counter,
        website=entry.website,
        categories=list(entry.categories.all()) if rows is None else rows,
        icon=entry.icon if entry.is_icon_chosen else None,
        tint=entry.tint if entry.is_tint_chosen else None,
    )
    change_entry(entry=entry, change=change, at=at)

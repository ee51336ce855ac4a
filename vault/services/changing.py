from __future__ import annotations

import dataclasses
from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit import events
from vault import brands, conversion
from vault.formats.account import OtpAccount
from vault.models import Category, OtpEntry
from vault.refusals import VaultRefusal
from vault.services.holding import hold_vault
from vault.services.records import record

# What the audit log calls fields that change together.
LOOKS = {"is_icon_chosen": "icon", "is_tint_chosen": "tint"}


class EntryGone(VaultRefusal):
    sentence = _("This code is no longer in your vault.")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class EntryChange:
    """What an entry is to be like. A counter of None stays as it is: it moves by itself."""

    issuer: str
    account_name: str
    type: str
    algorithm: str
    digits: int
    period: int
    counter: int | None = None
    website: str = ""
    categories: Collection[Category] = ()
    # The name of a brand icon and a tint, or None for those that fit the name of the service.
    icon: str | None = None
    tint: int | None = None


def change_entry(*, entry: OtpEntry, change: EntryChange, at: datetime) -> list[str]:
    """Change what an entry says; the answer names the changed fields.

    Raises vault.formats FormatRefusal for values no code can be made with, and EntryGone.
    """
    wanted = _wanted(entry, change)
    with transaction.atomic():
        hold_vault(entry.owner_id)
        fields = {name: value for name, value in wanted.items() if getattr(entry, name) != value}
        changed = _names_of(fields, change)
        if _assign(entry, change.categories):
            changed.append("categories")
        if changed:
            _update(entry, at, **fields)
            record(events.ENTRY_CHANGED, entry, at=at, changed=" ".join(changed))
    return changed


def set_favourite(*, entry: OtpEntry, is_favourite: bool, at: datetime) -> bool:
    """Mark an entry as a favourite, or no longer; the answer says whether that was new."""
    with transaction.atomic():
        live = OtpEntry.objects.live().filter(pk=entry.pk)
        is_new = live.exclude(is_favourite=is_favourite).update(
            is_favourite=is_favourite, updated_at=at
        )
        if not is_new and not live.exists():
            raise EntryGone
        entry.is_favourite = is_favourite
        if is_new:
            record(events.ENTRY_CHANGED, entry, at=at, changed="is_favourite")
    return bool(is_new)


def _names_of(fields: Collection[str], change: EntryChange) -> list[str]:
    """What the audit log says has changed: an icon that only follows the name says nothing."""
    follows = {"icon": change.icon is None, "tint": change.tint is None}
    return sorted({LOOKS.get(name, name) for name in fields if not follows.get(name)})


def _wanted(entry: OtpEntry, change: EntryChange) -> dict[str, object]:
    """The fields as they shall be; an entry is always an account that the formats can hold."""
    account = dataclasses.replace(
        conversion.account_of(entry),
        type=change.type,
        issuer=change.issuer,
        name=change.account_name,
        algorithm=change.algorithm,
        digits=change.digits,
        period=change.period,
        counter=entry.counter if change.counter is None else change.counter,
    )
    wanted = {
        "issuer": account.issuer,
        "account_name": account.name,
        "type": account.type,
        "algorithm": account.algorithm,
        "digits": account.digits,
        "period": account.period,
        "website": change.website,
        **_looks(account, change),
    }
    return wanted if change.counter is None else {**wanted, "counter": account.counter}


def _looks(account: OtpAccount, change: EntryChange) -> dict[str, object]:
    fitting = brands.slug_for(account.issuer) if change.icon is None else change.icon
    tint = brands.tint_for(account.issuer, account.name) if change.tint is None else change.tint
    return {
        "icon": fitting,
        "is_icon_chosen": change.icon is not None,
        "tint": tint,
        "is_tint_chosen": change.tint is not None,
    }


def _assign(entry: OtpEntry, categories: Collection[Category]) -> bool:
    mine = Category.objects.filter(owner_id=entry.owner_id, pk__in=[row.pk for row in categories])
    after = set(mine)
    if after == set(entry.categories.all()):
        return False
    entry.categories.set(after)
    return True


def _update(entry: OtpEntry, at: datetime, **fields: object) -> None:
    live = OtpEntry.objects.live().filter(pk=entry.pk)
    if live.update(updated_at=at, **fields) != 1:
        raise EntryGone
    for name, value in {**fields, "updated_at": at}.items():
        setattr(entry, name, value)

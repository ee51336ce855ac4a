from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.totp import services as totp
from audit import events
from core import sealing
from vault import brands
from vault.formats.account import OtpAccount
from vault.models import TINTS, Category, OtpEntry
from vault.refusals import VaultRefusal
from vault.services import categories
from vault.services.holding import hold_vault, next_position
from vault.services.records import record

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger(__name__)
MOST_AT_ONCE = 5000
LONGEST_ADDRESS = 500


class TooManyAccounts(VaultRefusal):
    sentence = _("These are more codes than can be added at once. Add them in parts.")


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An account whose secret the vault has already, in `twin`."""

    account: OtpAccount
    twin: OtpEntry


@dataclass(slots=True)
class Added:
    entries: list[OtpEntry] = field(default_factory=list)
    duplicates: list[Duplicate] = field(default_factory=list)
    # Those whose code is asked for at the sign-in to this very vault.
    guarding: list[OtpEntry] = field(default_factory=list)


def add_accounts(
    *, owner: User, accounts: Sequence[OtpAccount], at: datetime, website: str = ""
) -> Added:
    """Add accounts; those whose secret is there already come back as duplicates, not added."""
    if len(accounts) > MOST_AT_ONCE:
        raise TooManyAccounts
    added = Added()
    with transaction.atomic():
        hold_vault(owner.pk)
        twins = entries_by_secret(owner)
        fresh: list[OtpAccount] = []
        held: list[OtpAccount] = []
        known = set(twins)
        for account in accounts:
            (held if account.secret in known else fresh).append(account)
            known.add(account.secret)
        added.entries = write(owner, fresh, at, website)
        pairs = zip(fresh, added.entries, strict=True)
        guards = totp.guarding_secrets(owner)
        added.guarding = [
            entry
            for account, entry in zip(fresh, added.entries, strict=True)
            if account.secret in guards
        ]
        twins |= {account.secret: entry for account, entry in pairs}
        added.duplicates = [Duplicate(account, twins[account.secret]) for account in held]
    return added


def add_anyway(*, owner: User, account: OtpAccount, at: datetime, website: str = "") -> OtpEntry:
    """Add an account even if its secret is in the vault already."""
    with transaction.atomic():
        hold_vault(owner.pk)
        return write(owner, [account], at, website)[0]


def entries_by_secret(owner: User) -> dict[bytes, OtpEntry]:
    """The live entries of a user by their opened secrets; what cannot be opened is left out."""
    found: dict[bytes, OtpEntry] = {}
    for entry in OtpEntry.objects.for_owner(owner).live().order_by("created_at", "pk"):
        try:
            found.setdefault(sealing.open_field(entry, "sealed_secret"), entry)
        except sealing.SealingError:
            logger.error("The secret of entry %s cannot be opened.", entry.pk)
    return found


def write(
    owner: User,
    accounts: Sequence[OtpAccount],
    at: datetime,
    website: str = "",
    *,
    is_recorded: bool = True,
) -> list[OtpEntry]:
    """Add accounts at the end, whatever is there; the caller holds the vault.

    Thousands at once are recorded as one deed by their caller, and not one by one here.
    """
    first = next_position(OtpEntry.objects.for_owner(owner))
    entries = [
        _new_entry(owner.pk, account, at=at, website=website, position=first + place)
        for place, account in enumerate(accounts)
    ]
    OtpEntry.objects.bulk_create(entries, batch_size=200)
    names = {name for account in accounts for name in account.categories}
    named = categories.named(owner=owner, names=names, at=at)
    _assign(zip(entries, accounts, strict=True), named)
    if is_recorded:
        for entry in entries:
            record(events.ENTRY_ADDED, entry, at=at)
    return entries


def _new_entry(
    owner_id: UUID, account: OtpAccount, *, at: datetime, website: str, position: int
) -> OtpEntry:
    # A file may say how an entry looks; only what could have been chosen here is taken.
    icon = account.icon if account.icon and brands.draw(account.icon) else ""
    has_tint = 1 <= account.tint <= TINTS
    entry = OtpEntry(
        id=uuid4(),
        owner_id=owner_id,
        issuer=account.issuer,
        account_name=account.name,
        type=account.type,
        algorithm=account.algorithm,
        digits=account.digits,
        period=account.period,
        counter=account.counter,
        website=website or website_of(account),
        is_favourite=account.favourite,
        position=position,
        icon=icon or brands.slug_for(account.issuer),
        is_icon_chosen=bool(icon),
        tint=account.tint if has_tint else brands.tint_for(account.issuer, account.name),
        is_tint_chosen=has_tint,
        created_at=at,
        updated_at=at,
    )
    sealing.seal_field(entry, "sealed_secret", account.secret)
    return entry


def website_of(account: OtpAccount) -> str:
    """The web address that came with an account, if it is one."""
    if not account.website:
        return ""
    address = account.website[:LONGEST_ADDRESS]
    try:
        URLValidator(schemes=("http", "https"))(address)
    except ValidationError:
        return ""
    return address


def _assign(pairs: Iterable[tuple[OtpEntry, OtpAccount]], named: dict[str, Category]) -> None:
    through = OtpEntry.categories.through
    links = {
        (entry.pk, named[categories.key_of(name)].pk)
        for entry, account in pairs
        for name in account.categories
        if categories.key_of(name)
    }
    through._default_manager.bulk_create(
        [through(otpentry_id=entry, category_id=category) for entry, category in links],
        batch_size=400,
    )

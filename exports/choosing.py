"""What somebody wants to export: which entries, in which format, with which options."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from core import sealing
from exports import catalogue
from exports.catalogue import FORMATS, ExportFormat
from vault import conversion
from vault.formats import google_migration, qr_sheet
from vault.formats.account import OtpAccount
from vault.models import EntryIcon, OtpEntry, OtpEntryQuerySet

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    from accounts.models import User

logger = logging.getLogger(__name__)

ALL, FAVOURITES, CATEGORIES, SELECTED = "all", "favourites", "categories", "selected"


@dataclass(frozen=True, slots=True)
class Choice:
    """Nothing in it is a secret: names, switches and ids."""

    format: str
    what: str = ALL
    ids: tuple[str, ...] = ()
    compatible_steam: bool = False
    exact_cells: bool = False
    # Google's own app shows wrong codes for some entries that its format can hold.
    is_strict: bool = True
    layout: str = "3"

    @property
    def kind(self) -> ExportFormat:
        return FORMATS[self.format]

    def as_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Choice:
        parts = json.loads(text)
        return cls(**{**parts, "ids": tuple(parts["ids"])})

    def misfit(self, account: OtpAccount) -> str:
        if self.format == "google":
            return google_migration.misfit(account, strict=self.is_strict)
        return self.kind.misfit(account)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An entry that does not go into the file, and why."""

    title: str
    subtitle: str
    why: StrPromise


@dataclass(slots=True)
class Gathered:
    """The accounts for a file in the order of the entries, and those that stay behind."""

    accounts: list[OtpAccount] = field(default_factory=list, repr=False)
    entry_ids: list[UUID] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def entries_of(owner: User, choice: Choice) -> OtpEntryQuerySet:
    """The user's own live entries; nobody else's, and nothing from the trash."""
    rows = OtpEntry.objects.for_owner(owner).live()
    if choice.what == FAVOURITES:
        rows = rows.filter(is_favourite=True)
    elif choice.what == CATEGORIES:
        own = rows.filter(categories__owner=owner, categories__in=list(map(UUID, choice.ids)))
        rows = rows.filter(pk__in=own.values("pk"))
    elif choice.what == SELECTED:
        rows = rows.filter(pk__in=choice.ids)
    return rows.in_order()


def gather(owner: User, choice: Choice) -> Gathered:
    """Open the secrets of the chosen entries; the caller has asked to confirm and will record."""
    gathered = Gathered()
    for entry, account in _accounts(owner, choice):
        reason = "secret" if account is None else choice.misfit(account)
        if account is None or reason:
            left = LeftOut(entry.title, entry.subtitle, catalogue.MISFITS[reason])
            gathered.left_out.append(left)
        else:
            gathered.accounts.append(account)
            gathered.entry_ids.append(entry.pk)
    return gathered


def labels(
    accounts: list[OtpAccount], choice: Choice, words: qr_sheet.Words
) -> list[qr_sheet.Label]:
    """The codes of a sheet or of pictures."""
    if choice.format == "google":
        return qr_sheet.migration_labels(accounts, words)
    return qr_sheet.labels_of(accounts, words, compatible_steam=choice.compatible_steam)


def _accounts(owner: User, choice: Choice) -> Iterator[tuple[OtpEntry, OtpAccount | None]]:
    rows = list(entries_of(owner, choice).prefetch_related("categories"))
    pictures = _pictures(owner) if choice.format in ("aegis", "authnode") else {}
    for entry in rows:
        named = sorted(entry.categories.all(), key=lambda row: (row.position, row.name))
        titles = tuple(category.name for category in named)
        try:
            picture = pictures.get(entry.pk, b"")
            account = conversion.account_of(entry, categories=titles, picture=picture)
            yield entry, account
        except sealing.SealingError:
            logger.error("The secret of entry %s cannot be opened.", entry.pk)
            yield entry, None


def _pictures(owner: User) -> dict[UUID, bytes]:
    found = {}
    for icon in EntryIcon.objects.filter(owner=owner):
        try:
            found[icon.entry_id] = sealing.open_field(icon, "sealed_picture")
        except sealing.SealingError:
            logger.error("The picture of entry %s cannot be opened.", icon.entry_id)
    return found

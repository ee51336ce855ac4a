"""Entries as the list shows them: filtered, sorted, and with their codes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.db.models import TextChoices
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from vault import brands, codes
from vault.models import Category, OtpEntry

# Digits people can keep in mind in one go.
GROUPS = {6: (3, 3), 7: (3, 4), 8: (4, 4), 9: (3, 3, 3), 10: (5, 5)}


class Sorting(TextChoices):
    NAME = "name", _("A to Z")
    USED = "used", _("Last used")
    MANUAL = "manual", _("My order")


@dataclass(frozen=True)
class Card:
    """One entry in the list. Without a code it is counter-based or its secret cannot be opened."""

    entry: OtpEntry
    categories: Sequence[Category]
    code: codes.EntryCode | None
    at: datetime
    # Left out by a search, but in the page, so that a script can bring it back.
    is_hidden: bool = False

    @property
    def is_readable(self) -> bool:
        return self.entry.is_hotp or self.code is not None

    @property
    def groups(self) -> list[str]:
        return group(self.code.code) if self.code else []

    @property
    def next_groups(self) -> list[str]:
        return group(self.code.next_code) if self.code else []

    @property
    def seconds_left(self) -> int:
        return self.code.seconds_left(self.at) if self.code else 0

    @property
    def until_ms(self) -> int:
        return self.code.valid_until * 1000 if self.code else 0

    @property
    def period_ms(self) -> int:
        return self.code.period * 1000 if self.code else 0

    @property
    def ring_offset(self) -> int:
        """How much of the ring is gone, in hundredths, for the first picture without scripts."""
        return 100 - 100 * self.seconds_left // self.code.period if self.code else 0

    @property
    def icon_url(self) -> str:
        return icon_url(self.entry)

    @cached_property
    def words(self) -> str:
        """What a search looks at."""
        names = [category.name for category in self.categories]
        return brands.plain(" ".join([self.entry.issuer, self.entry.account_name, *names]))


def cards_of(entries: Iterable[OtpEntry], *, at: datetime) -> list[Card]:
    """Cards of entries whose categories are fetched, in the same order."""
    rows = list(entries)
    made = codes.codes_of(rows, at=at)
    return [Card(row, list(row.categories.all()), made.get(row.pk), at) for row in rows]


def filtered(
    cards: Iterable[Card], *, category: UUID | None = None, favourites_only: bool = False
) -> list[Card]:
    """The cards in a category, or marked as favourites."""
    return [
        card
        for card in cards
        if (not favourites_only or card.entry.is_favourite)
        and (category is None or any(row.pk == category for row in card.categories))
    ]


def searched(cards: Iterable[Card], query: str) -> list[Card]:
    """All cards; those that do not hold every word of the query are hidden."""
    words = brands.plain(query).split()
    return [
        card if all(word in card.words for word in words) else replace(card, is_hidden=True)
        for card in cards
    ]


def sorted_cards(cards: Iterable[Card], sorting: Sorting) -> list[Card]:
    """Sorted here and not by the database, which would put “Émile” after “Zoe”."""
    by_name = sorted(cards, key=lambda card: _name_key(card.entry))
    if sorting == Sorting.USED:
        return sorted(by_name, key=lambda card: _used_key(card.entry))
    if sorting == Sorting.MANUAL:
        return sorted(by_name, key=lambda card: card.entry.position)
    return by_name


def group(code: str) -> list[str]:
    """A code in the groups it is read in."""
    sizes = GROUPS.get(len(code), (len(code),))
    starts = [sum(sizes[:place]) for place in range(len(sizes))]
    return [code[start : start + size] for start, size in zip(starts, sizes, strict=True)]


def icon_url(entry: OtpEntry) -> str:
    if not entry.icon:
        return ""
    return f"{reverse('vault:icon', args=[entry.icon])}?v={brands.VERSION}"


def _name_key(entry: OtpEntry) -> tuple[str, str, datetime]:
    return brands.plain(entry.title), brands.plain(entry.account_name), entry.created_at


def _used_key(entry: OtpEntry) -> float:
    return -entry.last_used_at.timestamp() if entry.last_used_at else 0.0

"""Entries as the list shows them: filtered, sorted, and with their codes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import TextChoices
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import CodeGrouping
from vault import brands, codes
from vault.models import OtpEntry

# Digits people can keep in mind in one go, as each of them chose. A shorter code stays whole.
GROUPS: dict[str, dict[int, tuple[int, ...]]] = {
    CodeGrouping.THREES: {6: (3, 3), 7: (3, 4), 8: (4, 4), 9: (3, 3, 3), 10: (5, 5)},
    CodeGrouping.PAIRS: {
        6: (2, 2, 2),
        7: (2, 2, 3),
        8: (2, 2, 2, 2),
        9: (2, 2, 2, 3),
        10: (2, 2, 2, 2, 2),
    },
    CodeGrouping.PLAIN: {},
}


class Sorting(TextChoices):
    NAME = "name", _("A to Z")
    USED = "used", _("Last used")
    MOST = "most", _("Most used")
    MANUAL = "manual", _("My order")


@dataclass(frozen=True, slots=True)
class Card:
    """One entry in the list. Without a code it is counter-based or its secret cannot be opened.

    Plain values, worked out once: the page asks for each of them for each of a thousand cards.
    """

    entry: OtpEntry
    pk: str
    title: str
    subtitle: str
    words: str
    category_ids: frozenset[UUID]
    icon_url: str
    code: codes.EntryCode | None
    groups: list[str]
    next_groups: list[str]
    seconds_left: int
    # How much of the countdown's ring is gone, in hundredths.
    ring_offset: int
    # Left out by a search, but in the page, so that a script can bring it back.
    is_hidden: bool = False
    is_chosen: bool = False

    @property
    def until_ms(self) -> int:
        return self.code.valid_until * 1000 if self.code else 0

    @property
    def period_ms(self) -> int:
        return self.code.period * 1000 if self.code else 0


def cards_of(
    entries: Iterable[OtpEntry],
    *,
    at: datetime,
    grouping: str = CodeGrouping.THREES,
    is_hiding: bool = False,
) -> list[Card]:
    """Cards of entries whose categories are fetched, in the same order.

    With `is_hiding` dots stand in place of the digits.
    """
    rows = list(entries)
    made = codes.codes_of(rows, at=at)
    cards = [_card(row, made.get(row.pk), at, grouping) for row in rows]
    return [_dotted(card) for card in cards] if is_hiding else cards


def list_context(cards: Sequence[Card], *, at: datetime) -> dict[str, Any]:
    """What the template of a list of codes needs."""
    return {
        "cards": cards,
        "now_ms": int(at.timestamp() * 1000),
        "entries_url": f"{reverse('vault:list')}entries/",
        # Translated once and not once a card.
        "words": {
            "next": str(_("next")),
            "copied": str(_("Copied")),
            "seconds_left": str(_("seconds left")),
        },
    }


def filtered(
    cards: Iterable[Card], *, category: UUID | None = None, favourites_only: bool = False
) -> list[Card]:
    """The cards in a category, or marked as favourites."""
    return [
        card
        for card in cards
        if (not favourites_only or card.entry.is_favourite)
        and (category is None or category in card.category_ids)
    ]


def searched(cards: Iterable[Card], query: str) -> list[Card]:
    """All cards; those that do not hold every word of the query are hidden."""
    words = brands.plain(query).split()
    return [
        card if all(word in card.words for word in words) else replace(card, is_hidden=True)
        for card in cards
    ]


def chosen(cards: Iterable[Card]) -> list[Card]:
    """The cards, all that are shown ticked."""
    return [replace(card, is_chosen=not card.is_hidden) for card in cards]


def sorted_cards(cards: Iterable[Card], sorting: Sorting) -> list[Card]:
    """Sorted here and not by the database, which would put “Émile” after “Zoe”."""
    by_name = sorted(cards, key=lambda card: _name_key(card.entry))
    if sorting == Sorting.USED:
        return sorted(by_name, key=lambda card: _used_key(card.entry))
    if sorting == Sorting.MOST:
        return sorted(by_name, key=lambda card: -card.entry.uses)
    if sorting == Sorting.MANUAL:
        return sorted(by_name, key=lambda card: card.entry.position)
    return by_name


def group(code: str, grouping: str) -> list[str]:
    """A code in the groups it is read in."""
    sizes = GROUPS[grouping].get(len(code), (len(code),))
    starts = [sum(sizes[:place]) for place in range(len(sizes))]
    return [code[start : start + size] for start, size in zip(starts, sizes, strict=True)]


def icon_url(entry: OtpEntry) -> str:
    """Where the picture of an entry is; the version lets browsers keep it for ever."""
    if entry.own_icon:
        return f"{reverse('vault:own-icon', args=[entry.pk])}?v={entry.own_icon}"
    if not entry.icon:
        return ""
    return f"{reverse('vault:icon', args=[entry.icon])}?v={brands.VERSION}"


def _card(entry: OtpEntry, code: codes.EntryCode | None, at: datetime, grouping: str) -> Card:
    categories = entry.categories.all()
    names = [entry.issuer, entry.account_name, *(category.name for category in categories)]
    seconds_left = code.seconds_left(at) if code else 0
    return Card(
        entry=entry,
        pk=str(entry.pk),
        title=entry.title,
        subtitle=entry.subtitle,
        words=brands.plain(" ".join(names)),
        category_ids=frozenset(category.pk for category in categories),
        icon_url=icon_url(entry),
        code=code,
        groups=group(code.code, grouping) if code else [],
        next_groups=group(code.next_code, grouping) if code else [],
        seconds_left=seconds_left,
        ring_offset=100 - 100 * seconds_left // code.period if code else 0,
    )


def _dotted(card: Card) -> Card:
    def dots(groups: list[str]) -> list[str]:
        return ["•" * len(group) for group in groups]

    return replace(card, groups=dots(card.groups), next_groups=dots(card.next_groups))


def _name_key(entry: OtpEntry) -> tuple[str, str, datetime]:
    return brands.plain(entry.title), brands.plain(entry.account_name), entry.created_at


def _used_key(entry: OtpEntry) -> float:
    return -entry.last_used_at.timestamp() if entry.last_used_at else 0.0

"""Entries that are there twice: the same secret, or the same names with different secrets."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core import sealing
from vault import brands
from vault.models import OtpEntry

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Groups of two or more entries, the oldest of each first."""

    same_secret: list[list[OtpEntry]]
    same_names: list[list[OtpEntry]]


def find_duplicates(*, owner: User) -> Duplicates:
    """All duplicates among the live entries of a user; every secret is opened once."""
    entries = list(OtpEntry.objects.for_owner(owner).live().order_by("created_at", "pk"))
    by_secret = _groups((_secret_of(entry), entry) for entry in entries)
    twins = {entry.pk for group in by_secret for entry in group[1:]}
    # Entries of one secret are named once already.
    rest = [entry for entry in entries if entry.pk not in twins]
    return Duplicates(by_secret, _groups((_names_of(entry), entry) for entry in rest))


def _groups(pairs: Iterable[tuple[Hashable | None, OtpEntry]]) -> list[list[OtpEntry]]:
    found: dict[Hashable, list[OtpEntry]] = defaultdict(list)
    for key, entry in pairs:
        if key is not None:
            found[key].append(entry)
    return [group for group in found.values() if len(group) > 1]


def _secret_of(entry: OtpEntry) -> bytes | None:
    try:
        return sealing.open_field(entry, "sealed_secret")
    except sealing.SealingError:
        logger.error("The secret of entry %s cannot be opened.", entry.pk)
        return None


def _names_of(entry: OtpEntry) -> tuple[str, str] | None:
    names = (brands.plain(entry.issuer).strip(), brands.plain(entry.account_name).strip())
    return names if any(names) else None

"""Which entries a request is about: the user's own live ones, filtered and in pages."""

from __future__ import annotations

import math
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest

from accounts.models import User
from api import schemas
from vault import brands
from vault.models import OtpEntry, OtpEntryQuerySet
from vault.views.finding import owner_of


@dataclass(frozen=True)
class EntryList:
    """One page of the entries that were asked for."""

    entries: list[OtpEntry]
    page: int
    pages: int
    total: int


def find(request: HttpRequest, wanted: schemas.Filter, *, with_categories: bool) -> EntryList:
    """The page of entries that `wanted` names, in the order of their owner."""
    ids = list(_matching(owner_of(request), wanted))
    start = (wanted.page - 1) * wanted.per_page
    rows = OtpEntry.objects.filter(pk__in=ids[start : start + wanted.per_page]).in_order()
    entries = list(rows.prefetch_related("categories") if with_categories else rows)
    pages = max(1, math.ceil(len(ids) / wanted.per_page))
    return EntryList(entries, wanted.page, pages, len(ids))


def entry_json(entry: OtpEntry) -> schemas.Entry:
    """An entry whose categories are fetched. Its secret is never among what is told."""
    categories = sorted(entry.categories.all(), key=lambda row: (row.position, row.name))
    return schemas.Entry(
        id=entry.pk,
        issuer=entry.issuer,
        account_name=entry.account_name,
        type=entry.type,  # type: ignore[arg-type]
        algorithm=entry.algorithm,  # type: ignore[arg-type]
        digits=entry.digits,
        period=entry.period,
        counter=entry.counter if entry.is_hotp else None,
        website=entry.website,
        is_favourite=entry.is_favourite,
        categories=[schemas.Category(id=row.pk, name=row.name) for row in categories],
        created_at=entry.created_at,
        updated_at=entry.updated_at,
        last_used_at=entry.last_used_at,
    )


def _matching(owner: User, wanted: schemas.Filter) -> list[UUID]:
    rows: OtpEntryQuerySet = OtpEntry.objects.for_owner(owner).live().in_order()
    if wanted.favourite is not None:
        rows = rows.filter(is_favourite=wanted.favourite)
    if wanted.category is not None:
        rows = rows.filter(categories__owner=owner, categories=wanted.category)
    # Compared here and not by the database, which does not know that é is an e: as on the page.
    words = brands.plain(wanted.q).split()
    return [
        pk
        for pk, *names in rows.values_list("pk", "issuer", "account_name")
        if all(word in brands.plain(" ".join(names)) for word in words)
    ]

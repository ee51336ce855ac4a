from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit import events
from audit import services as audit
from vault import brands
from vault.models import LONGEST_CATEGORY, TINTS, Category
from vault.refusals import VaultRefusal
from vault.services.holding import hold_vault, next_position, put_beside, put_in_order

if TYPE_CHECKING:
    from accounts.models import User


class CategoryNameMissing(VaultRefusal):
    sentence = _("Enter a name for the category.")


class CategoryNameTooLong(VaultRefusal):
    sentence = _("The name of a category has at most 60 characters.")


class CategoryNameTaken(VaultRefusal):
    sentence = _("You already have a category with this name.")


class UnknownTint(VaultRefusal):
    sentence = _("Choose one of the colours.")


class CategoryGone(VaultRefusal):
    sentence = _("This category is no longer there.")


def add_category(*, owner: User, name: str, at: datetime, tint: int | None = None) -> Category:
    """Add a category at the end; raises a refusal for a name that is empty, long or taken."""
    with transaction.atomic():
        hold_vault(owner.pk)
        name = _checked_name(owner.pk, name)
        return _create(owner, name, _checked_tint(tint or brands.tint_for(name)), at)


def change_category(*, category: Category, name: str, tint: int, at: datetime) -> None:
    """Rename a category or give it another tint."""
    with transaction.atomic():
        hold_vault(category.owner_id)
        name = _checked_name(category.owner_id, name, but=category)
        if (name, tint) == (category.name, category.tint):
            return
        changed = Category.objects.filter(pk=category.pk).update(
            name=name, tint=_checked_tint(tint)
        )
        if changed != 1:
            raise CategoryGone
        category.name, category.tint = name, tint
        _record(events.CATEGORY_CHANGED, category, at)


def move_category(*, category: Category, by: int) -> None:
    """Move a category up (-1) or down (1) in its owner's order; beyond the ends it stays."""
    with transaction.atomic():
        hold_vault(category.owner_id)
        rows = list(Category.objects.filter(owner_id=category.owner_id).in_order())
        if category not in rows:
            raise CategoryGone
        place = rows.index(category)
        row = rows.pop(place)
        rows.insert(max(0, place + by), row)
        put_in_order(rows)


def move_category_beside(*, category: Category, other: Category, is_before: bool) -> int:
    """Move a category right before or after another one; the answer is its place, from 1."""
    with transaction.atomic():
        hold_vault(category.owner_id)
        rows = list(Category.objects.filter(owner_id=category.owner_id).in_order())
        if category not in rows or other not in rows:
            raise CategoryGone
        return put_beside(rows, category, other, is_before=is_before)


def delete_category(*, category: Category, at: datetime) -> None:
    """Delete a category; its entries stay."""
    with transaction.atomic():
        hold_vault(category.owner_id)
        _record(events.CATEGORY_REMOVED, category, at)
        if not Category.objects.filter(pk=category.pk).delete()[0]:
            raise CategoryGone


def named(*, owner: User, names: Collection[str], at: datetime) -> dict[str, Category]:
    """The categories of these names by `key_of(name)`; those that are missing are added."""
    known = {key_of(row.name): row for row in Category.objects.for_owner(owner)} if names else {}
    for name in sorted(names):
        key = key_of(name)
        if key and key not in known:
            short = _tidy(name)[:LONGEST_CATEGORY].rstrip()
            known[key] = _create(owner, short, brands.tint_for(short), at)
    return known


def key_of(name: str) -> str:
    """What makes two names the same; "" when it is no name at all."""
    return _tidy(name)[:LONGEST_CATEGORY].rstrip().casefold()


def _create(owner: User, name: str, tint: int, at: datetime) -> Category:
    position = next_position(Category.objects.for_owner(owner))
    category = Category.objects.create(
        owner=owner, name=name, tint=tint, position=position, created_at=at
    )
    _record(events.CATEGORY_ADDED, category, at)
    return category


def _checked_name(owner_id: UUID, name: str, *, but: Category | None = None) -> str:
    name = _tidy(name)
    if not name:
        raise CategoryNameMissing
    if len(name) > LONGEST_CATEGORY:
        raise CategoryNameTooLong
    others = Category.objects.filter(owner_id=owner_id)
    # Compared here and not by the database, as SQLite's LOWER knows only ASCII letters.
    if any(other != but and key_of(other.name) == key_of(name) for other in others):
        raise CategoryNameTaken
    return name


def _checked_tint(tint: int) -> int:
    if not 1 <= tint <= TINTS:
        raise UnknownTint
    return tint


def _tidy(name: str) -> str:
    return " ".join(name.split())


def _record(event: str, category: Category, at: datetime) -> None:
    audit.record(event, user=category.owner_id, details={"category": category.name}, at=at)

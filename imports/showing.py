"""What the pages of an import show, worked out from its sealed pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from core import otp
from imports import head as heads
from imports import pieces, titles
from imports.head import Head
from imports.models import ImportBatch
from imports.pieces import ADD, DUPLICATE, NEW, PAGE_ROWS, REPLACE, SKIP, TWICE, Row
from imports.services import page_count
from vault import cards, codes
from vault.formats.account import OtpAccount
from vault.models import Category, EntryType, OtpEntry
from vault.refusals import sentence_for

NONE = "-"


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One row of the preview, in words."""

    place: int
    number: int
    title: str
    subtitle: str
    kind: str
    groups: list[str]
    code_groups: list[str]
    twin: str
    is_new: bool
    is_duplicate: bool
    is_twice: bool
    is_chosen: bool
    has_note: bool
    choices: list[tuple[str, str, bool]]


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A group of the file and the categories it may become."""

    number: int
    name: str
    choices: list[tuple[str, str, bool]]


def preview(batch: ImportBatch, page: int, *, at: datetime, owner: User) -> dict[str, Any]:
    """The context of one page (from 0) of the preview."""
    head, total = heads.load(batch), page_count(batch)
    rows = pieces.load_page(batch, page)
    return {
        "batch": batch,
        "rows": shown_rows(rows, page, at=at, owner=owner),
        "groups": shown_groups(head, owner),
        "refused": refused(head),
        "missing": [_missing_sentence(size, parts) for size, parts in head.missing],
        "counts": head.counts,
        "duplicate_count": head.counts.get(DUPLICATE, 0),
        "twice_count": head.counts.get(TWICE, 0),
        "new_count": head.counts.get(NEW, 0),
        "refused_count": len(head.refused) + len(head.refused_files),
        "has_notes": head.has_notes,
        "takes_notes": head.takes_notes,
        "app": formats_of(batch),
        "page": page,
        "page_number": page + 1,
        "page_total": total,
        "previous_page": page - 1 if page > 0 else None,
        "next_page": page + 1 if page + 1 < total else None,
        "for_all": decisions(""),
        "first_number": page * PAGE_ROWS + 1,
    }


def shown_rows(rows: Sequence[Row], page: int, *, at: datetime, owner: User) -> list[ShownRow]:
    ids = [row.twin for row in rows if row.twin]
    twins = OtpEntry.objects.for_owner(owner).in_bulk(ids)
    made = codes_of(rows, at=at, owner=owner)
    return [
        _shown(row, place, page, made[place], twins.get(row.twin) if row.twin else None)
        for place, row in enumerate(rows)
    ]


def codes_of(rows: Sequence[Row], *, at: datetime, owner: User) -> list[list[str]]:
    """The codes of rows in groups of digits; none for those who hide codes."""
    if owner.hides_codes:
        return [[] for _row in rows]
    seconds = int(at.timestamp())
    return [cards.group(_code(row.account, seconds), owner.code_grouping) for row in rows]


def next_change(rows: Sequence[Row], *, at: datetime) -> int | None:
    """Seconds until the first of the codes changes; None when none does by itself."""
    seconds = int(at.timestamp())
    periods = {row.account.period for row in rows if not row.account.is_hotp}
    return min((period - seconds % period for period in periods), default=None)


def shown_groups(head: Head, owner: User) -> list[ShownGroup]:
    mine = list(Category.objects.for_owner(owner).in_order().values_list("name", flat=True))
    return [
        ShownGroup(number, name, _group_choices(name, target, mine))
        for number, (name, target) in enumerate(head.groups.items())
    ]


def refused(head: Head) -> list[tuple[str, str]]:
    """What is not taken, by name and sentence."""
    entries = [(label, str(sentence_for(reason))) for label, reason in head.refused]
    return [*head.refused_files, *entries]


def failures(head: Head) -> list[tuple[str, str]]:
    """Why the last attempt to open the files failed, file by file."""
    return [
        (head.locked[int(number)].name, str(sentence_for(reason)))
        for number, reason in head.failures.items()
        if int(number) < len(head.locked)
    ]


def formats_of(batch: ImportBatch) -> str:
    names = batch.formats.split()
    return _(", ").join(titles.title_of(name) for name in names)


def decisions(current: str) -> list[tuple[str, str, bool]]:
    words = {
        SKIP: _("Skip it"),
        REPLACE: _("Replace what is there"),
        ADD: _("Keep both"),
    }
    return [(value, word, value == current) for value, word in words.items()]


def _shown(
    row: Row, place: int, page: int, code_groups: list[str], twin: OtpEntry | None
) -> ShownRow:
    account = row.account
    title = account.issuer or account.name or _("Unnamed account")
    return ShownRow(
        place=place,
        number=page * PAGE_ROWS + place + 1,
        title=title,
        subtitle=account.name if account.issuer else "",
        kind=_kind(account),
        groups=list(account.categories),
        code_groups=code_groups,
        twin=_name_of(twin) if twin else "",
        is_new=row.status == NEW,
        is_duplicate=row.status == DUPLICATE,
        is_twice=row.status == TWICE,
        is_chosen=row.decision == ADD,
        has_note=account.has_note,
        choices=decisions(row.decision),
    )


def _name_of(entry: OtpEntry) -> str:
    return f"{entry.title} ({entry.subtitle})" if entry.subtitle else entry.title


def _kind(account: OtpAccount) -> str:
    words = [str(_SHORT[EntryType(account.type)])]
    if account.algorithm != "SHA1":
        words.append(account.algorithm)
    if account.digits != 6 and not account.is_steam:
        words.append(
            ngettext("%(count)s digit", "%(count)s digits", account.digits)
            % {"count": account.digits}
        )
    if account.is_hotp:
        words.append(_("counter %(counter)s") % {"counter": account.counter})
    elif account.period != 30:
        words.append(_("%(seconds)s s") % {"seconds": account.period})
    return ", ".join(words)


_SHORT = {EntryType.TOTP: "TOTP", EntryType.HOTP: "HOTP", EntryType.STEAM: "Steam"}


def _code(account: OtpAccount, seconds: int) -> str:
    if account.is_hotp:
        return otp.hotp(
            account.secret,
            account.counter,
            algorithm=account.algorithm,
            digits=account.digits,
        )
    return codes.code_at(
        account.secret,
        seconds,
        kind=account.type,
        algorithm=account.algorithm,
        digits=account.digits,
        period=account.period,
    )


def _group_choices(name: str, target: str, mine: Sequence[str]) -> list[tuple[str, str, bool]]:
    same = next((own for own in mine if own.casefold() == name.casefold()), None)
    own = [(category, category, category == target) for category in mine if category != same]
    as_named = _("“%(name)s”, which you have") if same else _("A new category “%(name)s”")
    first = (name, as_named % {"name": same or name}, target == name)
    return [first, (NONE, _("No category"), target == ""), *own]


def _missing_sentence(size: int, parts: Sequence[int]) -> str:
    numbers = ", ".join(str(part + 1) for part in parts)
    return ngettext(
        "Part %(numbers)s of %(size)s of this export is missing. To import it too, start again"
        " with all of its pictures.",
        "Parts %(numbers)s of %(size)s of this export are missing. To import them too, start"
        " again with all of its pictures.",
        len(parts),
    ) % {"numbers": numbers, "size": size}

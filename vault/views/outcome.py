"""What came of handing in accounts, kept in the session for the page that tells it.

Only ids and sentences are kept there: no secret, no code.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from vault import cards, reading, services
from vault.formats.account import OtpAccount
from vault.models import EntryDraft, OtpEntry, OtpEntryQuerySet
from vault.refusals import VaultRefusal
from vault.views.finding import owner_of

KEY = "vault.outcome"
MOST_SHOWN = 200


def save(
    request: HttpRequest,
    *,
    entries: Iterable[OtpEntry],
    drafts: Iterable[EntryDraft],
    found: reading.Found,
) -> None:
    request.session[KEY] = {
        "entries": [str(entry.pk) for entry in entries],
        "drafts": [str(draft.pk) for draft in drafts],
        "refusals": [[row.what, row.why] for row in found.refusals[:MOST_SHOWN]],
        "missing": found.missing,
    }


def append(request: HttpRequest, entry: OtpEntry) -> None:
    """One more entry was added after all."""
    kept = request.session.get(KEY)
    if kept is not None:
        request.session[KEY] = {**kept, "entries": [*kept["entries"], str(entry.pk)]}


def added_entries(request: HttpRequest) -> OtpEntryQuerySet:
    """The entries added last that are still in the vault."""
    kept = request.session.get(KEY) or {"entries": []}
    return OtpEntry.objects.for_owner(owner_of(request)).live().filter(pk__in=kept["entries"])


def load(request: HttpRequest, *, at: datetime) -> dict[str, Any] | None:
    """The context of the page, or None when nothing was handed in."""
    kept = request.session.get(KEY)
    if kept is None:
        return None
    owner = owner_of(request)
    drafts = EntryDraft.objects.for_owner(owner).waiting(at).filter(pk__in=kept["drafts"])
    added = added_entries(request).prefetch_related("categories")
    shown = cards.cards_of(added, at=at, grouping=owner.code_grouping)
    return {
        **cards.list_context(cards.sorted_cards(shown, cards.Sorting.MANUAL), at=at),
        "drafts": [
            (draft, _title(services.account_of(draft)))
            for draft in drafts.select_related("twin").order_by("created_at", "pk")
        ],
        "refusals": kept["refusals"],
        "missing": kept["missing"],
    }


def _title(account: OtpAccount) -> str:
    names = [name for name in (account.issuer, account.name) if name]
    return " – ".join(names) or _("Unnamed account")


def say(request: HttpRequest, refusal: VaultRefusal) -> None:
    messages.warning(request, str(refusal))

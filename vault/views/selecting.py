from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from vault import services
from vault.models import Category, OtpEntry
from vault.refusals import VaultRefusal
from vault.views.finding import back, owner_of


class NoCategory(VaultRefusal):
    sentence = gettext_lazy("Choose a category.")


Deed = Callable[[HttpRequest, Sequence[OtpEntry], datetime], str]


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """One deed for the entries that are ticked; foreign and vanished ones are left out."""
    wanted = [pk for text in request.POST.getlist("entry") if (pk := _id_of(text))]
    entries = list(OtpEntry.objects.for_owner(owner_of(request)).live().filter(pk__in=wanted))
    deed = DEEDS.get(request.POST.get("deed", ""))
    if not entries:
        messages.warning(request, _("Tick the codes first."))
    elif deed is None:
        messages.warning(request, _("Choose what to do with the codes."))
    else:
        try:
            messages.success(request, deed(request, entries, timezone.now()))
        except VaultRefusal as refusal:
            messages.warning(request, str(refusal))
    return back(request)


def _id_of(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _mark(request: HttpRequest, entries: Sequence[OtpEntry], at: datetime) -> str:
    services.mark_favourites(entries=entries, is_favourite=True, at=at)
    return ngettext(
        "%(count)s code is a favourite.", "%(count)s codes are favourites.", len(entries)
    ) % {"count": len(entries)}


def _unmark(request: HttpRequest, entries: Sequence[OtpEntry], at: datetime) -> str:
    services.mark_favourites(entries=entries, is_favourite=False, at=at)
    return ngettext(
        "%(count)s code is no favourite.", "%(count)s codes are no favourites.", len(entries)
    ) % {"count": len(entries)}


def _trash(request: HttpRequest, entries: Sequence[OtpEntry], at: datetime) -> str:
    count = services.trash_entries(entries=entries, at=at)
    return ngettext(
        "%(count)s code is in the trash. It stays there for 30 days.",
        "%(count)s codes are in the trash. They stay there for 30 days.",
        count,
    ) % {"count": count}


def _put_in(request: HttpRequest, entries: Sequence[OtpEntry], at: datetime) -> str:
    category = _category(request)
    services.put_into_category(entries=entries, category=category, at=at)
    return ngettext(
        "%(count)s code is in %(category)s.", "%(count)s codes are in %(category)s.", len(entries)
    ) % {"count": len(entries), "category": category.name}


def _take_out(request: HttpRequest, entries: Sequence[OtpEntry], at: datetime) -> str:
    category = _category(request)
    services.take_out_of_category(entries=entries, category=category, at=at)
    return ngettext(
        "%(count)s code is out of %(category)s.",
        "%(count)s codes are out of %(category)s.",
        len(entries),
    ) % {"count": len(entries), "category": category.name}


def _category(request: HttpRequest) -> Category:
    pk = _id_of(request.POST.get("category", ""))
    mine = Category.objects.for_owner(owner_of(request))
    category = mine.filter(pk=pk).first() if pk else None
    if category is None:
        raise NoCategory
    return category


DEEDS: dict[str, Deed] = {
    "favourite": _mark,
    "no-favourite": _unmark,
    "trash": _trash,
    "put-in": _put_in,
    "take-out": _take_out,
}

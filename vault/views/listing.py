from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from vault import cards, codes
from vault.models import Category, OtpEntry
from vault.views.finding import owner_of

SORTING, LAYOUT = "vault.sorting", "vault.layout"
LAYOUTS = ("cards", "rows")
# Nothing is ticked yet, or everything the filter shows: the latter works without scripts.
SELECTING = ("some", "all")


@require_GET
def list_codes(request: HttpRequest) -> HttpResponse:
    owner, now = owner_of(request), timezone.now()
    entries = OtpEntry.objects.for_owner(owner).live().prefetch_related("categories")
    # Without scripts nothing could be shown for a while, so that the address can ask for all.
    is_hiding = owner.hides_codes and request.GET.get("show") != "1"
    everything = cards.cards_of(entries, at=now, grouping=owner.code_grouping, is_hiding=is_hiding)
    categories = list(Category.objects.for_owner(owner).in_order())
    category = _chosen_category(request, categories)
    sorting = cards.Sorting(_remembered(request, "sort", SORTING, cards.Sorting.values))
    favourites_only = request.GET.get("favourites") == "1"
    query = request.GET.get("q", "").strip()
    shown = cards.filtered(
        everything, category=category.pk if category else None, favourites_only=favourites_only
    )
    shown = cards.searched(cards.sorted_cards(shown, sorting), query)
    select = request.GET.get("select", "")
    if select == "all":
        shown = cards.chosen(shown)
    context = {
        **cards.list_context(shown, at=now),
        "found": sum(not card.is_hidden for card in shown),
        "total": len(everything),
        "favourite_count": sum(card.entry.is_favourite for card in everything),
        "categories": _counted(categories, everything),
        "category": category,
        "favourites_only": favourites_only,
        "query": query,
        "is_hiding": is_hiding,
        "sortings": cards.Sorting,
        "sorting": sorting,
        "is_manual": sorting == cards.Sorting.MANUAL,
        "is_selecting": select in SELECTING,
        "chosen_count": sum(card.is_chosen for card in shown),
        "is_rows": _remembered(request, "layout", LAYOUT, LAYOUTS) == "rows",
    }
    return render(request, "vault/list.html", context)


@require_GET
def list_refreshed(request: HttpRequest) -> JsonResponse:
    """All codes of the user in one answer: `[code, next code, end in ms, period in ms]` each."""
    now = timezone.now()
    made = codes.codes_for(owner_of(request), at=now)
    answer = {
        str(entry): [code.code, code.next_code, code.valid_until * 1000, code.period * 1000]
        for entry, code in made.items()
    }
    return JsonResponse({"now": int(now.timestamp() * 1000), "codes": answer})


def _chosen_category(request: HttpRequest, categories: list[Category]) -> Category | None:
    try:
        wanted = UUID(request.GET.get("category", ""))
    except ValueError:
        return None
    return next((category for category in categories if category.pk == wanted), None)


def _remembered(
    request: HttpRequest, name: str, key: str, choices: tuple[str, ...] | list[str]
) -> str:
    """What the address chooses, kept for the next visit; else what was kept; else the first."""
    wanted = request.GET.get(name, "")
    kept: str = request.session.get(key, choices[0])
    if wanted in choices and wanted != kept:
        request.session[key] = kept = wanted
    return kept if kept in choices else choices[0]


def _counted(
    categories: list[Category], everything: list[cards.Card]
) -> list[tuple[Category, int]]:
    counts = dict.fromkeys((category.pk for category in categories), 0)
    for card in everything:
        for category in card.category_ids:
            counts[category] += 1
    return [(category, counts[category.pk]) for category in categories]

"""Notes by the hundred: for searching, exporting, encrypting and a newer key."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from keyslots.crypto import MalformedData
from notes import envelope, services
from notes.models import Note
from notes.services import reading
from notes.views import wire
from vault.views.finding import owner_of

MOST_QUERIES = 40
MOST_WORDS = 16


@wire.speaks_json
@require_safe
def state(request: HttpRequest) -> HttpResponse:
    """How many notes there are, what closes them, and where they are searched."""
    owner = owner_of(request)
    found = services.state(owner)
    return JsonResponse(
        {
            "v": envelope.VERSION,
            "user_id": str(owner.pk),
            "vault_key_id": found.vault_key_id and str(found.vault_key_id),
            "notes": found.notes,
            "readable": found.kept,
            "by_key": {str(key): count for key, count in found.by_key.items()},
            "unindexed": services.unindexed(owner).count() if found.place == "index" else 0,
            "place": found.place,
        }
    )


@wire.speaks_json
@require_safe
def everything(request: HttpRequest) -> HttpResponse:
    """The next notes in the order of their entries; `which` leaves all others out."""
    owner = owner_of(request)
    after = request.GET.get("after")
    last = envelope.parse_id(after) if after else None
    rows = reading.notes_after(owner, last, which=request.GET.get("which", ""))
    return _answer(owner.pk, rows)


@wire.speaks_json
@require_POST
def some(request: HttpRequest) -> HttpResponse:
    """The notes of certain entries."""
    owner = owner_of(request)
    wanted = wire.ids(wire.posted(request).get("entries"), most=services.MOST_AT_ONCE)
    return _answer(owner.pk, services.notes_of(owner, wanted))


@wire.speaks_json
@require_POST
@sensitive_variables("rows")
def readable(request: HttpRequest) -> HttpResponse:
    """The next notes that the server can read, for the browser that encrypts them."""
    owner = owner_of(request)
    after = wire.posted(request).get("after")
    last = envelope.parse_id(after) if after else None
    rows = services.open_for_migration(owner, after=last, at=timezone.now())
    return _answer(owner.pk, rows)


@wire.speaks_json
@require_POST
@sensitive_variables("body", "queries")
def search(request: HttpRequest) -> HttpResponse:
    """Which entries have notes with all the words, of which only trapdoors come here."""
    body = wire.posted(request)
    asked = body.get("queries")
    if not isinstance(asked, list) or not 1 <= len(asked) <= MOST_QUERIES:
        raise MalformedData("These are no queries, or too many.")
    found = services.find(owner_of(request), [_query(each) for each in asked])
    return JsonResponse(
        {"v": envelope.VERSION, "entries": found.entries, "unindexed": found.unindexed}
    )


def _query(asked: object) -> services.Query:
    if not isinstance(asked, dict) or not isinstance(asked.get("trapdoors"), list):
        raise MalformedData("This is no query.")
    doors = asked["trapdoors"]
    if not 1 <= len(doors) <= MOST_WORDS:
        raise MalformedData("A query has some words, and not too many.")
    return services.Query(
        envelope.parse_id(asked.get("vault_key_id")),
        [envelope.parse_trapdoor(door) for door in doors],
    )


def _answer(owner_id: UUID, rows: list[Note]) -> JsonResponse:
    last = str(rows[-1].pk) if rows else None
    return JsonResponse(
        {
            "v": envelope.VERSION,
            "user_id": str(owner_id),
            "notes": [wire.note(row) for row in rows],
            "last": last,
        }
    )

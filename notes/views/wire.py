"""Between the services and the browser's script: JSON in, JSON out, refusals as words."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.debug import sensitive_variables

from core.sealing import SealingError
from keyslots.crypto import KeyslotRefusal, MalformedData
from notes import envelope, services
from notes.models import Note, NoteDraft, NoteRevision
from notes.plain import TooLong
from notes.refusals import ChangedElsewhere, NoteRefusal
from notes.services import reading
from vault.refusals import VaultRefusal
from vault.views.finding import posted_json

View = Callable[..., HttpResponse]


def speaks_json(view: View) -> View:
    """Answers the refusals of the services as {error, message}, with what is there now."""

    @functools.wraps(view)
    def spoken(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except ChangedElsewhere as refusal:
            current = None if refusal.current is None else note(refusal.current)
            return _refused(refusal.word, str(refusal), 409, current=current)
        except NoteRefusal as refusal:
            return _refused(refusal.word, str(refusal), 409)
        except VaultRefusal as refusal:
            return _refused("gone", str(refusal), 409)
        except TooLong:
            return _refused("long", "", 400)
        except KeyslotRefusal:
            # What was posted is repeated nowhere.
            return _refused("malformed", "", 400)

    return spoken


@sensitive_variables("plain")
def note(row: Note) -> dict[str, object]:
    """A note as it is stored; with its text only where the server keeps it readable."""
    plain, is_damaged = None, False
    if row.is_server:
        try:
            plain = services.read_kept(row).as_wire()
        except (SealingError, ValueError):
            is_damaged = True
    return {
        "entry_id": str(row.pk),
        "scheme": row.scheme,
        "revision": row.revision,
        "saved_at": row.saved_at.isoformat(),
        "sealed": reading.sealed_of(row).as_wire() if row.is_e2e else None,
        "plain": plain,
        "is_damaged": is_damaged,
    }


def sealed(row: NoteDraft | NoteRevision) -> dict[str, object]:
    return {"saved_at": row.saved_at.isoformat(), "sealed": reading.sealed_of(row).as_wire()}


def posted(request: HttpRequest) -> dict[str, Any]:
    """A JSON body of the version that is spoken here; raises MalformedData."""
    body = posted_json(request)
    if body.get("v") != envelope.VERSION:
        raise MalformedData("The request carries no version that is known here.")
    return body


def revision_or_zero(value: object) -> int:
    return 0 if type(value) is int and value == 0 else envelope.parse_revision(value)


def ids(value: object, *, most: int) -> list[UUID]:
    if not isinstance(value, list) or len(value) > most:
        raise MalformedData("These are no ids, or too many.")
    return [envelope.parse_id(each) for each in value]


def _refused(word: str, message: str, status: int, **more: object) -> JsonResponse:
    return JsonResponse({"error": word, "message": message, **more}, status=status)

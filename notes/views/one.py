"""The note of one entry, for the script on its page."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from keyslots.crypto import MalformedData
from notes import envelope, services
from notes import plain as plains
from notes.services import Purpose, reading
from notes.views import wire
from vault.models import OtpEntry
from vault.views.finding import find_entry


@wire.speaks_json
@require_http_methods(["GET", "HEAD", "POST"])
def note(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """The note and the draft as they are stored; a POST stores what a browser has sealed."""
    entry = find_entry(request, entry_id)
    if request.method == "POST":
        _save(request, entry)
    row, draft = services.note_of(entry), reading.draft_of(entry)
    return JsonResponse(
        {
            "v": envelope.VERSION,
            "user_id": str(entry.owner_id),
            "note": wire.note(row) if row else None,
            "draft": wire.sealed(draft) if draft else None,
        }
    )


@wire.speaks_json
@require_POST
def draft(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Keep what is being written, or drop it; with `replaces`, only the key changes."""
    entry = find_entry(request, entry_id)
    body = wire.posted(request)
    if body.get("sealed") is None:
        services.drop_draft(entry=entry)
    elif "replaces" in body:
        services.rekey_draft(
            entry=entry,
            sealed=envelope.parse(body["sealed"]),
            replaces=envelope.parse_id(body["replaces"]),
        )
    else:
        sealed = envelope.parse(body["sealed"])
        services.save_draft(entry=entry, sealed=sealed, at=timezone.now())
    return HttpResponse(status=204)


@wire.speaks_json
@require_http_methods(["GET", "HEAD", "POST"])
def revisions(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """What the note was before, still sealed; a POST puts one of them under the newer key."""
    entry = find_entry(request, entry_id)
    if request.method == "POST":
        body = wire.posted(request)
        services.rekey_revision(
            entry=entry,
            sealed=envelope.parse(body.get("sealed")),
            replaces=envelope.parse_id(body.get("replaces")),
        )
        return HttpResponse(status=204)
    rows = [wire.sealed(row) for row in reading.revisions_of(entry)]
    answer = {"v": envelope.VERSION, "user_id": str(entry.owner_id), "revisions": rows}
    return JsonResponse(answer)


@wire.speaks_json
@require_POST
@sensitive_variables("body", "plain")
def keep(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Keep a note that the server can read, with the person's consent to this one."""
    entry = find_entry(request, entry_id)
    body = wire.posted(request)
    if body.get("consent") is not True:
        raise MalformedData("A note is kept readable only with consent.")
    services.save_kept(
        entry=entry,
        plain=plains.parse(body.get("plain")),
        base=wire.revision_or_zero(body.get("base")),
        at=timezone.now(),
    )
    row = services.note_of(entry)
    return JsonResponse({"v": envelope.VERSION, "note": wire.note(row) if row else None})


@wire.speaks_json
@require_POST
def index(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Store the codewords of a note as it is."""
    entry = find_entry(request, entry_id)
    body = wire.posted(request)
    services.put_index(
        entry=entry,
        vault_key_id=envelope.parse_id(body.get("vault_key_id")),
        revision=envelope.parse_revision(body.get("revision")),
        codewords=envelope.parse_codewords(body.get("codewords")),
    )
    return HttpResponse(status=204)


def _save(request: HttpRequest, entry: OtpEntry) -> None:
    body = wire.posted(request)
    try:
        purpose = Purpose(str(body.get("purpose")))
    except ValueError:
        raise MalformedData("There is no such purpose.") from None
    codewords = body.get("codewords")
    services.save_sealed(
        entry=entry,
        sealed=envelope.parse(body.get("sealed")),
        base=wire.revision_or_zero(body.get("base")),
        codewords=None if codewords is None else envelope.parse_codewords(codewords),
        purpose=purpose,
        at=timezone.now(),
    )

"""What the browser's own script asks for (static/js/lib/open-vault.js)."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.slots import session_key as session_keys
from accounts.views.account import current_user
from keyslots import crypto
from keyslots import services as keyslots


@require_safe
def slots(request: HttpRequest) -> HttpResponse:
    """The wrapped keys of the signed-in person; none of them opens without a key of their own."""
    user = current_user(request)
    rows = keyslots.slots(user.id)
    found = [
        {"kind": row.kind, "name": row.name, "slot": keyslots.content(row).as_wire()}
        for row in rows
    ]
    return JsonResponse(_about(user.id) | {"slots": found})


@require_safe
def session_key(request: HttpRequest) -> HttpResponse:
    user = current_user(request)
    key = session_keys.of(request.session, user.id)
    return JsonResponse(_about(user.id) | {"key": crypto.encode_base64url(key)})


@require_POST
def used(request: HttpRequest, slot_id: UUID) -> HttpResponse:
    """The browser opened this slot; only the time shown beside it hangs on that."""
    if not keyslots.mark_used(current_user(request).id, slot_id, at=timezone.now()):
        raise Http404
    return HttpResponse(status=204)


def _about(user_id: UUID) -> dict[str, object]:
    current = keyslots.current_vault_key(user_id)
    return {
        "v": crypto.VERSION,
        "user_id": str(user_id),
        "vault_key_id": str(current.id) if current else None,
    }

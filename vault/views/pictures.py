from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.throttle import throttle
from vault import pictures, qr, services
from vault.reading import PICTURE_SENTENCES
from vault.views.finding import find_entry, told_when_gone


@require_safe
def own_icon(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """The owner's picture of an entry; its address changes with it."""
    png = services.icon_of(find_entry(request, entry_id))
    if png is None:
        raise Http404
    response = HttpResponse(png, content_type="image/png")
    # For this browser alone; it is told to forget it when the session is locked or ends.
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response


@told_when_gone
@require_POST
@throttle("vault-icons", "30/m")
def change(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    entry = find_entry(request, entry_id)
    file = request.FILES.get("picture")
    if request.POST.get("remove"):
        services.remove_icon(entry=entry, at=timezone.now())
    elif file is None:
        messages.warning(request, _("Choose a picture first."))
    else:
        _set(request, entry_id, file.read())
    return redirect("vault:edit", entry_id)


def _set(request: HttpRequest, entry_id: UUID, picture: bytes) -> None:
    entry = find_entry(request, entry_id)
    try:
        services.set_icon(entry=entry, picture=picture, at=timezone.now())
    except qr.PictureRefusal as refusal:
        messages.warning(request, sentence_for(refusal))
    else:
        messages.success(request, _("%(name)s has a new picture.") % {"name": entry.title})


def sentence_for(refusal: qr.PictureRefusal) -> str:
    if isinstance(refusal, pictures.TooManyBytes):
        return _("The picture is larger than 2 MB.")
    return str(PICTURE_SENTENCES[type(refusal)])

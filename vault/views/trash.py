from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from vault import cards, services
from vault.models import OtpEntry
from vault.views.finding import find, owner_of


@require_GET
def list_trash(request: HttpRequest) -> HttpResponse:
    entries = OtpEntry.objects.for_owner(owner_of(request)).trashed().order_by("-trashed_at", "pk")
    rows = [
        (entry, cards.icon_url(entry), entry.trashed_at + services.KEPT_FOR)
        for entry in entries
        if entry.trashed_at
    ]
    return render(request, "vault/trash.html", {"rows": rows})


@require_POST
def restore(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    entry = _find(request, entry_id)
    services.restore_entry(entry=entry, at=timezone.now())
    messages.success(request, _("%(name)s is back among your codes.") % {"name": entry.title})
    return redirect("vault:trash")


@require_http_methods(["GET", "POST"])
def purge(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    entry = _find(request, entry_id)
    if request.method == "GET":
        return render(request, "vault/purge.html", {"entry": entry})
    services.purge_entry(entry=entry, at=timezone.now())
    messages.success(request, _("%(name)s is deleted for good.") % {"name": entry.title})
    return redirect("vault:trash")


@require_http_methods(["GET", "POST"])
def empty(request: HttpRequest) -> HttpResponse:
    owner = owner_of(request)
    if request.method == "GET":
        count = OtpEntry.objects.for_owner(owner).trashed().count()
        if not count:
            return redirect("vault:trash")
        return render(request, "vault/empty_trash.html", {"count": count})
    count = services.empty_trash(owner=owner, at=timezone.now())
    sentence = ngettext(
        "%(count)s code is deleted for good.", "%(count)s codes are deleted for good.", count
    )
    messages.success(request, sentence % {"count": count})
    return redirect("vault:trash")


def _find(request: HttpRequest, entry_id: UUID) -> OtpEntry:
    return find(request, OtpEntry.objects.trashed(), entry_id)

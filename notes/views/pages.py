"""Pages: what is chosen about notes, and deleting one."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import confirmed_recently
from notes import services
from notes.models import Note, Scheme, SearchPlace
from notes.refusals import ChangedElsewhere, KeyInUse
from vault.views.finding import find_entry, owner_of, told_when_gone


class PlaceForm(forms.Form):
    place = forms.ChoiceField(choices=SearchPlace.choices)


@require_safe
def settings(request: HttpRequest) -> HttpResponse:
    """Where notes are searched, what is still to encrypt, and the older keys."""
    owner = owner_of(request)
    found = services.state(owner)
    context = {
        "state": found,
        "limit": services.BROWSER_LIMIT,
        "unused_keys": services.unused_keys(owner),
    }
    return render(request, "notes/settings.html", context)


@require_POST
def choose_place(request: HttpRequest) -> HttpResponse:
    form = PlaceForm(request.POST)
    if form.is_valid():
        place = form.cleaned_data["place"]
        services.choose_place(owner_of(request), place, at=timezone.now())
        messages.info(request, _("Notes are searched as you chose."))
    return redirect("notes:settings")


@confirmed_recently
@require_http_methods(["GET", "HEAD", "POST"])
def forget_key(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """Let go of an older key that closes nothing any more."""
    owner = owner_of(request)
    if key_id not in services.older_keys(owner):
        raise Http404
    if request.method == "POST":
        try:
            services.forget_older_key(owner, key_id, at=timezone.now())
        except KeyInUse:
            messages.warning(request, _("Something is still closed with this key. It stays."))
        else:
            messages.info(request, _("The earlier key is gone."))
        return redirect("notes:settings")
    return render(request, "notes/forget_key.html", {"key_id": key_id})


@told_when_gone
@confirmed_recently
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Delete a note for ever, open or not."""
    entry = find_entry(request, entry_id)
    row = Note.objects.filter(pk=entry.pk).exclude(scheme=Scheme.NONE).first()
    if row is None:
        return redirect("vault:edit", entry.pk)
    if request.method == "POST":
        try:
            base = int(request.POST.get("base", ""))
            services.delete_note(entry=entry, base=base, at=timezone.now())
        except (ValueError, ChangedElsewhere):
            messages.warning(request, _("The note has changed meanwhile. Nothing was deleted."))
        else:
            messages.info(request, _("The note is deleted."))
        return redirect("vault:edit", entry.pk)
    return render(request, "notes/delete.html", {"entry": entry, "note": row})

from __future__ import annotations

import base64
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import confirmed_recently
from core.sealing import SealingError
from vault import cards, qr, services, usage
from vault.forms import EditForm
from vault.models import OtpEntry
from vault.refusals import VaultRefusal
from vault.views.finding import (
    back,
    find_entry,
    id_of,
    owner_of,
    posted_json,
    told_when_gone,
    wants_json,
)


@told_when_gone
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    entry = find_entry(request, entry_id)
    form = EditForm(request.POST or None, entry=entry)
    if request.method == "POST" and form.is_valid():
        try:
            changed = services.change_entry(entry=entry, change=_change(form), at=timezone.now())
        except SealingError:
            form.add_error(None, _("The secret of this code cannot be opened."))
        else:
            if changed:
                messages.success(request, _("%(name)s is saved.") % {"name": entry.title})
            return back(request)
    return _edit_page(request, entry, form)


@told_when_gone
@require_POST
def set_favourite(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    entry = find_entry(request, entry_id)
    is_favourite = _wanted_favourite(request, entry)
    services.set_favourite(entry=entry, is_favourite=is_favourite, at=timezone.now())
    if wants_json(request):
        return JsonResponse({"is_favourite": is_favourite})
    return back(request)


@told_when_gone
@require_POST
def move(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """One place up or down, or right beside another entry."""
    entry = find_entry(request, entry_id)
    body = posted_json(request) if wants_json(request) else {}
    for side in ("before", "after"):
        if side in body:
            other = find_entry(request, id_of(body[side]))
            place = services.move_beside(entry=entry, other=other, is_before=side == "before")
            return JsonResponse({"place": place})
    services.move_entry(entry=entry, by=-1 if request.POST.get("by") == "up" else 1)
    return back(request)


@told_when_gone
@require_POST
def trash(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    entry = find_entry(request, entry_id)
    services.trash_entry(entry=entry, at=timezone.now())
    sentence = _("%(name)s is in the trash. It stays there for 30 days.")
    messages.success(request, sentence % {"name": entry.title})
    return back(request)


@told_when_gone
@require_POST
def mark_used(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    services.mark_used(entry=find_entry(request, entry_id), at=timezone.now())
    return HttpResponse(status=204)


@told_when_gone
@require_POST
@sensitive_variables("claimed")
def next_code(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Use up the next counter of a counter-based entry."""
    entry = find_entry(request, entry_id)
    try:
        claimed = services.advance_hotp(entry=entry, at=timezone.now())
    except VaultRefusal as refusal:
        if wants_json(request):
            return JsonResponse({"refusal": str(refusal)}, status=409)
        messages.warning(request, str(refusal))
        return back(request)
    groups = cards.group(claimed.code, owner_of(request).code_grouping)
    if wants_json(request):
        # What the undo button names: the card learns it together with the code.
        return JsonResponse({"code": claimed.code, "groups": groups, "counter": claimed.counter})
    context = {"entry": entry, "groups": groups, "counter": claimed.counter}
    return render(request, "vault/next_code.html", context)


@told_when_gone
@require_POST
def undo_code(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Take back the last step of a counter whose code nobody used."""
    entry = find_entry(request, entry_id)
    typed = request.POST.get("counter", "")
    counter = int(typed) if typed.isdigit() and len(typed) < 20 else -1
    try:
        services.undo_hotp(entry=entry, counter=counter, at=timezone.now())
    except VaultRefusal as refusal:
        messages.warning(request, str(refusal))
    else:
        sentence = _("The counter of %(name)s is %(counter)s again.")
        messages.success(request, sentence % {"name": entry.title, "counter": counter})
    return back(request)


@require_GET
@confirmed_recently
def secret(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Asks once more: opening an address alone must not show, or record, anything."""
    return render(request, "vault/secret.html", {"entry": find_entry(request, entry_id)})


@told_when_gone
@require_POST
@confirmed_recently
@sensitive_variables("revealed", "secret_text", "context")
def reveal(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    entry = find_entry(request, entry_id)
    try:
        revealed = services.reveal_secret(entry=entry, at=timezone.now())
    except SealingError:
        messages.error(request, _("The secret of this code cannot be opened."))
        return redirect("vault:edit", entry_id)
    secret_text = revealed.secret
    context = {
        "entry": entry,
        "fours": [secret_text[start : start + 4] for start in range(0, len(secret_text), 4)],
        "picture": _picture(revealed.uri),
    }
    return render(request, "vault/revealed.html", context)


def _picture(uri: str) -> str:
    """The QR code of a link as the address of a picture, or "" when no code holds so much."""
    try:
        return f"data:image/png;base64,{base64.b64encode(qr.draw(uri)).decode()}"
    except qr.TooLongToDraw:
        return ""


def _change(form: EditForm) -> services.EntryChange:
    cleaned = form.cleaned_data
    counter = cleaned["counter"] if "counter" in form.changed_data else None
    return services.EntryChange(
        issuer=cleaned["issuer"],
        account_name=cleaned["account_name"],
        type=cleaned["type"],
        algorithm=cleaned["algorithm"],
        digits=cleaned["digits"],
        period=cleaned["period"],
        counter=counter,
        website=cleaned["website"],
        categories=list(cleaned["categories"]),
        icon=form.chosen_icon,
        tint=cleaned["tint"],
    )


def _wanted_favourite(request: HttpRequest, entry: OtpEntry) -> bool:
    """What the page asked for; a form without scripts asks for the other of what it shows."""
    wanted = posted_json(request).get("wanted") if wants_json(request) else None
    return wanted if isinstance(wanted, bool) else not entry.is_favourite


def _edit_page(request: HttpRequest, entry: OtpEntry, form: EditForm) -> HttpResponse:
    now = timezone.now()
    owner = owner_of(request)
    shown = cards.cards_of(
        [entry], at=now, grouping=owner.code_grouping, is_hiding=owner.hides_codes
    )
    context = {
        **cards.list_context(shown, at=now),
        "entry": entry,
        "form": form,
        "is_hiding": owner.hides_codes,
        "earlier": entry.earlier_secrets.kept(now).order_by("-replaced_at"),
        "uses": usage.last_uses(entry),
    }
    return render(request, "vault/edit.html", context)

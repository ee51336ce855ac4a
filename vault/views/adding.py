from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from core import otp
from core.throttle import throttle
from vault import cards, codes, reading, services
from vault.forms import ManualForm, PictureForm, SecretForm, TextForm
from vault.models import EntryDraft, EntryType
from vault.refusals import VaultRefusal
from vault.views import outcome
from vault.views.finding import back, find, owner_of, posted_json, wants_json

# A picture of 1280 by 960 pixels as JPEG has about 200 KiB.
LARGEST_FRAME = 1024 * 1024


@require_GET
def add(request: HttpRequest) -> HttpResponse:
    return _page(request)


@require_POST
@throttle("vault-pictures", "60/m")
def add_pictures(request: HttpRequest) -> HttpResponse:
    form = PictureForm(request.POST, request.FILES)
    if not form.is_valid():
        if _is_too_large(request):
            form.errors["pictures"] = form.error_class([_("The pictures are larger than 5 MB.")])
        return _page(request, picture_form=form)
    pictures = form.cleaned_data["pictures"]
    found = reading.read_pictures((picture.name, picture.read()) for picture in pictures)
    if not found.accounts:
        _name_refusals(form, "pictures", found, alone=len(pictures) == 1)
        return _page(request, picture_form=form)
    return _add(request, found)


@require_POST
@throttle("vault-frames", "240/m")
@sensitive_variables("texts")
def read_frame(request: HttpRequest) -> HttpResponse:
    """The QR codes in one frame of a camera. Nothing is kept: the page hands them in as text."""
    frame = request.FILES.get("frame")
    if frame is None or frame.size is None or frame.size > LARGEST_FRAME:
        return JsonResponse({"error": _("The frame is missing or too large.")}, status=400)
    texts = [text.as_json() for text in reading.read_frame(frame.read())]
    return JsonResponse({"codes": texts})


@require_POST
@sensitive_post_parameters("text")
@sensitive_variables("form", "found")
def add_text(request: HttpRequest) -> HttpResponse:
    form = TextForm(request.POST)
    form.is_valid()
    try:
        found = reading.read_text(form.cleaned_data.get("text", ""))
    except VaultRefusal as refusal:
        form.add_error("text", str(refusal))
        return _page(request, text_form=form)
    if not found.accounts:
        _name_refusals(form, "text", found)
        return _page(request, text_form=form)
    return _add(request, found)


@require_POST
@sensitive_post_parameters("secret")
@sensitive_variables("form", "found")
def add_manually(request: HttpRequest) -> HttpResponse:
    form = ManualForm(request.POST, owner=owner_of(request))
    if not form.is_valid():
        return _page(request, manual_form=form)
    found = reading.Found(accounts=[form.account()])
    return _add(request, found, website=form.cleaned_data["website"])


@require_POST
@sensitive_post_parameters("secret")
@sensitive_variables("form", "body")
def preview(request: HttpRequest) -> HttpResponse:
    """The code of a secret that is not saved yet: as JSON, or in the page without scripts."""
    if not wants_json(request):
        manual = ManualForm(request.POST, owner=owner_of(request))
        probe = SecretForm(request.POST)
        made = (
            _preview(probe, grouping=owner_of(request).code_grouping) if probe.is_valid() else None
        )
        manual.is_valid()
        return _page(request, manual_form=manual, preview=made)
    body = posted_json(request)
    form = SecretForm({name: str(value) for name, value in body.items()})
    if not form.is_valid():
        return JsonResponse({"errors": form.errors})
    return JsonResponse(_preview(form, grouping=owner_of(request).code_grouping))


@require_GET
def added(request: HttpRequest) -> HttpResponse:
    """What became of the last thing that was handed in."""
    context = outcome.load(request, at=timezone.now())
    if context is None:
        return redirect("vault:list")
    return render(request, "vault/added.html", context)


@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """Take back what was added last: it goes to the trash."""
    count = services.trash_entries(entries=outcome.added_entries(request), at=timezone.now())
    sentence = ngettext(
        "%(count)s code is in the trash. It stays there for 30 days.",
        "%(count)s codes are in the trash. They stay there for 30 days.",
        count,
    )
    messages.success(request, sentence % {"count": count})
    return redirect("vault:list")


@require_POST
def add_draft(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    draft = find(request, EntryDraft.objects.all(), draft_id)
    try:
        entry = services.add_draft(draft=draft, at=timezone.now())
    except services.DraftGone as refusal:
        outcome.say(request, refusal)
    else:
        outcome.append(request, entry)
    return back(request, "vault:added")


@require_POST
def skip_draft(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    draft = find(request, EntryDraft.objects.all(), draft_id)
    try:
        services.skip_draft(draft=draft, at=timezone.now())
    except services.DraftGone as refusal:
        outcome.say(request, refusal)
    return back(request, "vault:added")


def _page(request: HttpRequest, **forms: Any) -> HttpResponse:
    context = {
        "picture_form": PictureForm(),
        "text_form": TextForm(),
        "manual_form": ManualForm(owner=owner_of(request)),
        **forms,
    }
    context["form"] = next((form for form in forms.values() if getattr(form, "errors", None)), None)
    return render(request, "vault/add.html", context)


@sensitive_variables("found", "result")
def _add(request: HttpRequest, found: reading.Found, *, website: str = "") -> HttpResponse:
    owner, now = owner_of(request), timezone.now()
    try:
        result = services.add_accounts(
            owner=owner, accounts=found.accounts, at=now, website=website
        )
    except services.TooManyAccounts as refusal:
        outcome.say(request, refusal)
        return redirect("vault:add")
    drafts = services.keep_drafts(
        owner=owner, duplicates=result.duplicates, at=now, website=website
    )
    outcome.save(request, entries=result.entries, drafts=drafts, found=found)
    for entry in result.guarding:
        sentence = _(
            "%(name)s is the code that this very site asks you for at sign-in. Keep it in an app"
            " on another device too: from in here it cannot let you in."
        )
        messages.warning(request, sentence % {"name": entry.title})
    return redirect("vault:added")


def _name_refusals(form: Any, field: str, found: reading.Found, *, alone: bool = False) -> None:
    for refusal in found.refusals:
        form.add_error(field, refusal.why if alone else str(refusal))


def _is_too_large(request: HttpRequest) -> bool:
    """A body beyond the limit comes without its files: they were not even read."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return length.isdigit() and int(length) > settings.FILE_UPLOAD_MAX_MEMORY_SIZE


def _preview(form: SecretForm, *, grouping: str) -> dict[str, Any]:
    cleaned, seconds = form.cleaned_data, int(timezone.now().timestamp())
    if cleaned["type"] == EntryType.HOTP:
        code = otp.hotp(
            cleaned["secret"],
            cleaned["counter"],
            algorithm=cleaned["algorithm"],
            digits=cleaned["digits"],
        )
        return {"code": code, "groups": cards.group(code, grouping), "seconds": None}
    period = cleaned["period"]
    code = codes.code_at(
        cleaned["secret"],
        seconds,
        kind=cleaned["type"],
        algorithm=cleaned["algorithm"],
        digits=cleaned["digits"],
        period=period,
    )
    return {
        "code": code,
        "groups": cards.group(code, grouping),
        "seconds": period - seconds % period,
    }

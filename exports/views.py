from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from accounts.decorators import confirmed_recently
from accounts.models import User
from exports import making, passphrases, services
from exports.choosing import Choice, Gathered, entries_of, gather
from exports.forms import PASSPHRASE, ChoiceForm, ProtectionForm
from exports.models import Export
from jobs.models import Job
from vault.models import OtpEntry
from vault.views.finding import find, owner_of

SELECTED = "exports.selected"
MOST_SELECTED = 10_000
MOST_SHOWN = 100


@require_POST
def select(request: HttpRequest) -> HttpResponse:
    """Keep what was ticked in the list; confirm-it's-you may come between it and the page."""
    ids = [text for text in request.POST.getlist("entry")[:MOST_SELECTED] if _is_id(text)]
    request.session[SELECTED] = ids
    if not ids:
        messages.warning(request, _("Tick the codes first."))
        return redirect("vault:list")
    return redirect(f"{reverse('exports:new')}?{urlencode({'what': 'selected'})}")


@require_GET
@confirmed_recently
def new(request: HttpRequest) -> HttpResponse:
    """Choose format, codes and options."""
    owner = owner_of(request)
    selected = _selected(request)
    is_sent = "format" in request.GET
    initial: dict[str, Any] = {
        "format": "aegis",
        "what": request.GET.get("what", "all"),
        "layout": "3",
    }
    initial["category"] = request.GET.getlist("category")
    form = ChoiceForm(
        request.GET if is_sent else None, owner=owner, selected=selected, initial=initial
    )
    if is_sent and form.is_valid():
        return redirect(f"{reverse('exports:review')}?{request.GET.urlencode()}")
    return _choose_page(request, form, status=422 if is_sent else 200)


@require_GET
@confirmed_recently
@never_cache
@sensitive_variables("gathered", "passphrase")
def review(request: HttpRequest) -> HttpResponse:
    """What will be in the file, what will not, and its password."""
    choice = _choice(request)
    if choice is None:
        return redirect("exports:new")
    gathered = gather(owner_of(request), choice)
    return _review_page(request, choice, gathered, passphrase=passphrases.make())


@require_POST
@confirmed_recently
@never_cache
@sensitive_post_parameters("password", "passphrase")
@sensitive_variables("form", "password", "gathered", "made")
def make(request: HttpRequest) -> HttpResponse:
    """The file at once, or the page that shows how far a worker is with it."""
    owner, choice = owner_of(request), _choice(request)
    if choice is None:
        return redirect("exports:new")
    form = ProtectionForm(request.POST, kind=choice.kind)
    gathered = gather(owner, choice)
    if not form.is_valid():
        return _refused(request, choice, gathered, form)
    try:
        return _make(owner, choice, gathered, form)
    except services.ExportRefused as refusal:
        form.add_error(None, str(refusal))
        return _refused(request, choice, gathered, form)


@require_GET
@confirmed_recently
@never_cache
def progress(request: HttpRequest, export_id: UUID) -> HttpResponse:
    export = _own(request, export_id)
    job = services.job_of(export)
    context = {"export": export, "job": job, "state": state_of(export, job)}
    return render(request, "exports/progress.html", context)


@require_GET
@never_cache
def state(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """How far it is, for the page's script."""
    export = _own(request, export_id)
    job = services.job_of(export)
    done = {"done": job.progress_done, "total": job.progress_total} if job else {}
    return JsonResponse({"state": state_of(export, job), **done})


@require_POST
@confirmed_recently
@never_cache
def download(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """The file, once. A POST: nothing that only looks at addresses may use it up."""
    export = _own(request, export_id)
    try:
        pieces = services.take(export, at=timezone.now())
    except services.ExportRefused as refusal:
        messages.warning(request, str(refusal))
        return redirect("exports:new")
    return as_file(pieces, name=export.file_name, media_type=export.media_type)


@require_POST
@never_cache
def cancel(request: HttpRequest, export_id: UUID) -> HttpResponse:
    export = _own(request, export_id)
    try:
        services.cancel(export, at=timezone.now())
    except services.ExportRefused as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, _("The export is cancelled; nothing of it is left."))
    return redirect("exports:new")


def _make(owner: User, choice: Choice, gathered: Gathered, form: ProtectionForm) -> HttpResponse:
    now, password = timezone.now(), form.file_password
    is_protected, has_notes = password is not None, form.has_notes
    is_large = services.is_large(choice, len(gathered.accounts)) and not has_notes
    if is_large:
        services.check_none_in_the_making(owner, at=now)
    services.begin(owner, choice, gathered, is_protected=is_protected, with_notes=has_notes, at=now)
    if is_large:
        export = services.enqueue(owner, choice, gathered, password=password, at=now)
        return redirect("exports:progress", export.pk)
    made = services.make_now(owner, choice, gathered, password=password, at=now)
    name = making.file_name(choice, is_protected=is_protected, at=now)
    media_type = making.media_type(choice, is_protected=is_protected)
    if has_notes:
        return _kit(choice, gathered, made, name=name, media_type=media_type)
    return as_file(made.pieces, name=name, media_type=media_type)


def as_file(pieces: Iterator[bytes], *, name: str, media_type: str) -> HttpResponse:
    response = StreamingHttpResponse(pieces, content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    # No HttpResponse by its class, but by all that a view's decorators ask of one.
    return cast("HttpResponse", response)


def _kit(
    choice: Choice, gathered: Gathered, made: making.Made, *, name: str, media_type: str
) -> JsonResponse:
    """The file for the browser, which alone can open the notes: it adds them and seals again."""
    parts: dict[str, Any] = {
        "v": 1,
        "format": choice.format,
        "name": name,
        "media_type": media_type,
        "content": base64.b64encode(b"".join(made.pieces)).decode(),
        "key": base64.b64encode(made.key).decode() if made.key else None,
        "entries": [str(pk) for pk in gathered.entry_ids],
    }
    return JsonResponse(parts)


def _choice(request: HttpRequest) -> Choice | None:
    """What the address chooses; None when it is not a whole choice."""
    form = ChoiceForm(request.GET, owner=owner_of(request), selected=_selected(request))
    return form.choice if form.is_valid() else None


def _selected(request: HttpRequest) -> list[str]:
    return list(request.session.get(SELECTED, []))


def _choose_page(request: HttpRequest, form: ChoiceForm, *, status: int) -> HttpResponse:
    owner = owner_of(request)
    live = OtpEntry.objects.for_owner(owner).live()
    context = {
        "form": form,
        "total": live.count(),
        "favourites": live.filter(is_favourite=True).count(),
        "selected": len(form.selected),
        "waiting": Export.objects.for_owner(owner)
        .filter(taken_at=None, expires_at__gt=timezone.now())
        .order_by("-created_at"),
    }
    return render(request, "exports/new.html", context, status=status)


def _review_page(
    request: HttpRequest,
    choice: Choice,
    gathered: Gathered,
    *,
    form: ProtectionForm | None = None,
    passphrase: str,
    status: int = 200,
) -> HttpResponse:
    query: QueryDict = request.GET
    context = {
        "choice": choice,
        "kind": choice.kind,
        "count": len(gathered.accounts),
        "left_out": gathered.left_out[:MOST_SHOWN],
        "more_left_out": max(len(gathered.left_out) - MOST_SHOWN, 0),
        "left_out_count": len(gathered.left_out),
        "chosen_count": entries_of(owner_of(request), choice).count(),
        "has_counters": any(account.is_hotp for account in gathered.accounts),
        "is_large": services.is_large(choice, len(gathered.accounts)),
        "form": form or ProtectionForm(kind=choice.kind),
        "protection": form.data.get("protection", "") if form else PASSPHRASE,
        "passphrase": passphrase,
        "query": query.urlencode(),
        "back": f"{reverse('exports:review')}?{query.urlencode()}",
    }
    return render(request, "exports/review.html", context, status=status)


def _refused(
    request: HttpRequest, choice: Choice, gathered: Gathered, form: ProtectionForm
) -> HttpResponse:
    if request.headers.get("Accept", "").startswith("application/json"):
        problems = [str(error) for errors in form.errors.values() for error in errors]
        return JsonResponse({"refusal": " ".join(problems)}, status=422)
    # The passphrase stays as it was shown: somebody may have written it down already.
    passphrase = request.POST.get("passphrase", "")[:100] or passphrases.make()
    return _review_page(request, choice, gathered, form=form, passphrase=passphrase, status=422)


def _own(request: HttpRequest, export_id: UUID) -> Export:
    return find(request, Export.objects.all(), export_id)


def state_of(export: Export, job: Job | None) -> str:
    now = timezone.now()
    if export.taken_at is not None or export.expires_at <= now:
        return "gone"
    if export.made_at is not None:
        return "ready"
    if job is None or job.has_ended:
        return "failed"
    return "running" if job.state == Job.State.RUNNING else "waiting"


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True

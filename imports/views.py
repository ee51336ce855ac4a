from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import allowances
from core.throttle import throttle
from imports import head as heads
from imports import pieces, services, showing
from imports.files import GivenFile
from imports.forms import PasswordsForm, UploadForm
from imports.models import ImportBatch
from imports.pieces import DUPLICATE
from imports.refusals import ImportGone, ImportRefusal
from jobs.models import Job
from vault.views.finding import find, owner_of

# Guessing the password of a stolen file is not what this machine is for.
OPENINGS_PER_HOUR = 30
MOST_SHOWN = 20

View = Callable[..., HttpResponse]


def _told(view: View) -> View:
    """Say a refusal on the page of the import, or on the first one when it is gone."""

    @functools.wraps(view)
    def told(request: HttpRequest, batch_id: UUID) -> HttpResponse:
        try:
            return view(request, batch_id)
        except ImportGone as refusal:
            messages.warning(request, str(refusal))
            return redirect("imports:start")
        except ImportRefusal as refusal:
            messages.warning(request, str(refusal))
            return redirect("imports:batch", batch_id)

    return told


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Bring files; those of earlier imports that can be undone are listed."""
    if request.method == "POST":
        return _start(request)
    return _start_page(request, UploadForm())


@throttle("imports", "30/m")
@sensitive_variables("files")
def _start(request: HttpRequest) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        if _is_too_large(request):
            form.errors["sources"] = form.error_class(
                [_("The files are larger than 5 MB together.")]
            )
        return _start_page(request, form, status=422)
    files = [
        GivenFile(file.name, file.read(), form.cleaned_data["format"])
        for file in form.cleaned_data["sources"]
    ]
    try:
        batch = services.start(owner=owner_of(request), files=files, at=timezone.now())
    except services.NothingToImport as nothing:
        for name, sentence in nothing.reasons[:MOST_SHOWN]:
            form.add_error("sources", f"{name}: {sentence}" if name else sentence)
        return _start_page(request, form, status=422)
    except ImportRefusal as refusal:
        form.add_error("sources", str(refusal))
        return _start_page(request, form, status=422)
    return redirect("imports:batch", batch.pk)


@never_cache
@require_GET
def show(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """The import as far as it has come: password, waiting, preview, summary."""
    batch = find(request, ImportBatch.objects.all(), batch_id)
    now = timezone.now()
    if batch.expires_at <= now and not (batch.is_imported or batch.is_undone):
        messages.warning(request, str(ImportGone()))
        return redirect("imports:start")
    if batch.is_preview:
        page = _page_of(request.GET.get("page"), batch)
        context = showing.preview(batch, page, at=now, owner=owner_of(request))
        return render(request, "imports/preview.html", context)
    if batch.is_reading:
        return _reading_page(request, batch)
    if batch.is_locked:
        return _password_page(request, batch)
    return _summary_page(request, batch)


@require_POST
@sensitive_post_parameters()
@sensitive_variables("form")
@_told
def unlock(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Have the files opened with their passwords."""
    batch = find(request, ImportBatch.objects.all(), batch_id)
    now = timezone.now()
    form = PasswordsForm(request.POST, head=heads.load(batch))
    if not form.is_valid():
        return _password_page(request, batch, form, status=422)
    allowances.claim(
        "import opening",
        str(batch.owner_id),
        limit=OPENINGS_PER_HOUR,
        per=timedelta(hours=1),
        at=now,
    )
    services.open_files(batch=batch, passwords=form.passwords(), at=now)
    return redirect("imports:batch", batch.pk)


@never_cache
@require_GET
def status(request: HttpRequest, batch_id: UUID) -> JsonResponse:
    """Whether the files are still being opened, for the script of the page that waits."""
    batch = find(request, ImportBatch.objects.all(), batch_id)
    return JsonResponse({"is_reading": _state_of(batch) == "reading", **_progress(batch)})


@never_cache
@require_GET
def codes(request: HttpRequest, batch_id: UUID) -> JsonResponse:
    """The codes of one page of the preview, for as long as it is looked at."""
    batch = find(request, ImportBatch.objects.waiting(timezone.now()), batch_id)
    now = timezone.now()
    rows = pieces.load_page(batch, _page_of(request.GET.get("page"), batch))
    return JsonResponse(
        {
            "codes": showing.codes_of(rows, at=now, owner=owner_of(request)),
            "seconds": showing.next_change(rows, at=now),
        }
    )


@require_POST
@_told
def choose(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Keep the choices of a page and show another one."""
    batch = find(request, ImportBatch.objects.all(), batch_id)
    _keep_choices(request, batch)
    page = _page_of(request.POST.get("go") or request.POST.get("page"), batch)
    return redirect(f"{_address(batch)}?page={page + 1}")


@require_POST
@_told
def finish(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Import what was chosen on all pages."""
    batch = find(request, ImportBatch.objects.all(), batch_id)
    _keep_choices(request, batch)
    done = services.import_batch(batch=batch, at=timezone.now())
    for entry in done.guarding:
        sentence = _(
            "%(name)s is the code that this very site asks you for at sign-in. Keep it in an app"
            " on another device too: from in here it cannot let you in."
        )
        messages.warning(request, sentence % {"name": entry.title})
    return redirect("imports:batch", batch.pk)


@require_POST
@_told
def cancel(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    batch = find(request, ImportBatch.objects.all(), batch_id)
    if not services.cancel(batch=batch, at=timezone.now()):
        raise ImportGone
    messages.info(request, _("Nothing was imported, and nothing of the files was kept."))
    return redirect("imports:start")


@require_POST
@_told
def undo(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    batch = find(request, ImportBatch.objects.all(), batch_id)
    count = services.undo(batch=batch, at=timezone.now())
    sentence = ngettext(
        "The import is undone: %(count)s code. What it had added lies in the trash for 30 days.",
        "The import is undone: %(count)s codes. What it had added lies in the trash for 30 days.",
        count,
    )
    messages.info(request, sentence % {"count": count})
    return redirect("imports:batch", batch.pk)


def _start_page(request: HttpRequest, form: UploadForm, *, status: int = 200) -> HttpResponse:
    now = timezone.now()
    mine = ImportBatch.objects.for_owner(owner_of(request))
    waiting = mine.waiting(now).order_by("-created_at").first()
    earlier = mine.finished().filter(expires_at__gt=now).order_by("-imported_at")[:MOST_SHOWN]
    context = {
        "form": form,
        "waiting": waiting,
        "earlier": [(batch, showing.formats_of(batch)) for batch in earlier],
    }
    return render(request, "imports/start.html", context, status=status)


def _password_page(
    request: HttpRequest,
    batch: ImportBatch,
    form: PasswordsForm | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    head = heads.load(batch)
    context = {
        "batch": batch,
        "form": form or PasswordsForm(head=head),
        "failures": showing.failures(head),
        "refused": showing.refused(head),
    }
    return render(request, "imports/password.html", context, status=status)


def _reading_page(request: HttpRequest, batch: ImportBatch) -> HttpResponse:
    if _state_of(batch) != "reading":
        # The job ended without an answer: it waited too long, or its worker died for good.
        services.give_up(batch=batch)
        messages.warning(request, _("The files could not be opened. Try it again."))
        return redirect("imports:batch", batch.pk)
    context = {"batch": batch, "names": heads.load(batch).names, **_progress(batch)}
    return render(request, "imports/reading.html", context)


def _summary_page(request: HttpRequest, batch: ImportBatch) -> HttpResponse:
    now = timezone.now()
    head = heads.load(batch)
    context = {
        "batch": batch,
        "app": showing.formats_of(batch),
        "refused": showing.refused(head),
        "can_be_undone": batch.can_be_undone(now),
        "skipped_count": max(batch.row_count - batch.added_count - batch.replaced_count, 0),
        "duplicate_count": head.counts.get(DUPLICATE, 0),
    }
    return render(request, "imports/summary.html", context)


def _state_of(batch: ImportBatch) -> str:
    """The state, with a look at the job: one that has ended reads nothing any more."""
    if not batch.is_reading:
        return batch.state
    job = _job_of(batch)
    if job is None or job.has_ended:
        batch.refresh_from_db(fields=["state"])
        return batch.state if not batch.is_reading else "lost"
    return batch.state


def _job_of(batch: ImportBatch) -> Job | None:
    return Job.objects.filter(pk=batch.job).first() if batch.job else None


def _progress(batch: ImportBatch) -> dict[str, Any]:
    job = _job_of(batch)
    done, total = (job.progress_done, job.progress_total) if job else (0, 0)
    return {"done": done, "total": total, "has_begun": bool(total)}


def _keep_choices(request: HttpRequest, batch: ImportBatch) -> None:
    head = heads.load(batch) if batch.sealed_head else None
    posted = request.POST
    groups = {}
    for number, name in enumerate(head.groups if head else {}):
        target = posted.get(f"group_{number}")
        if target is not None:
            groups[name] = "" if target == showing.NONE else target
    decisions = {
        int(key.removeprefix("decision_")): str(value)
        for key, value in posted.items()
        if key.startswith("decision_") and key[9:].isdecimal()
    }
    choices = services.Choices(
        chosen={int(place) for place in posted.getlist("row") if place.isdecimal()},
        decisions=decisions,
        for_all=posted.get("for_all", ""),
        groups=groups,
        takes_notes="takes_notes" in posted if "asks_notes" in posted else None,
    )
    page = _page_of(posted.get("page"), batch)
    services.choose(batch=batch, page=page, choices=choices, at=timezone.now())


def _page_of(text: str | None, batch: ImportBatch) -> int:
    """A page as people count it, from 1, to its number from 0."""
    number = int(text) if text and text.isdecimal() and len(text) < 6 else 1
    return min(max(number, 1), services.page_count(batch)) - 1


def _address(batch: ImportBatch) -> str:
    return redirect("imports:batch", batch.pk).url


def _is_too_large(request: HttpRequest) -> bool:
    """A body beyond the limit comes without its files: they were not even read."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return length.isdigit() and int(length) > settings.FILE_UPLOAD_MAX_MEMORY_SIZE

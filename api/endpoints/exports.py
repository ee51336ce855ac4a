"""Exports for programs: the same choice, protection, limits and records as the pages have."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from ninja import Router, Status

from accounts import confirmation, factors
from api import problems, schemas
from api.auth import Session
from api.endpoints.hiding import hiding
from exports import making, services
from exports.choosing import Choice, Gathered, gather
from exports.forms import NONE, OWN, ChoiceForm, ProtectionForm
from exports.models import Export
from exports.views import as_file, state_of
from vault.views.finding import find, owner_of

router = Router(tags=["export"])
# What the forms of the pages call the parts of a wish.
PARTS = {"category": "categories", "protection": "password", "understood": "without_password"}


@router.post(
    "/applications/export",
    auth=Session(),
    response={202: schemas.ExportState},
    operation_id="export_applications",
    url_name="export",
)
@hiding("body", "form", "gathered", "made", "password")
def export_applications(request: HttpRequest, body: schemas.ExportWish) -> Any:
    _check_confirmed(request)
    owner, now = owner_of(request), timezone.now()
    choice = _choice(request, body)
    form = _protection(body, choice)
    password, gathered = form.file_password, gather(owner, choice)
    try:
        is_large = services.is_large(choice, len(gathered.accounts))
        if is_large:
            services.check_none_in_the_making(owner, at=now)
        services.begin(owner, choice, gathered, is_protected=password is not None, at=now)
        if is_large:
            export = services.enqueue(owner, choice, gathered, password=password, at=now)
            return Status(202, _state(export))
    except services.ExportRefused as refusal:
        raise _refused(refusal) from None
    return _file_now(request, choice, gathered, password)


@router.get(
    "/applications/export/{uuid:export_id}",
    auth=Session(),
    response=schemas.ExportState,
    operation_id="read_export",
    url_name="export-state",
)
def read_export(request: HttpRequest, export_id: UUID) -> schemas.ExportState:
    return _state(find(request, Export.objects.all(), export_id))


@router.post(
    "/applications/export/{uuid:export_id}/download",
    auth=Session(),
    response=schemas.ExportState,
    operation_id="download_export",
    url_name="export-download",
)
def download_export(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """The file, once."""
    _check_confirmed(request)
    export = find(request, Export.objects.all(), export_id)
    try:
        pieces = services.take(export, at=timezone.now())
    except services.ExportRefused as refusal:
        raise problems.Refused(problems.CONFLICT, str(refusal)) from None
    return as_file(pieces, name=export.file_name, media_type=export.media_type)


def _check_confirmed(request: HttpRequest) -> None:
    if factors.is_restricted(request):
        raise problems.Refused(problems.FACTOR_NEEDED, continue_at=reverse("accounts:enrol"))
    if not confirmation.is_fresh(request, at=timezone.now()):
        raise problems.Refused(
            problems.CONFIRMATION_NEEDED, continue_at=reverse("accounts:confirm")
        )


def _choice(request: HttpRequest, body: schemas.ExportWish) -> Choice:
    posted = QueryDict(mutable=True)
    posted.update({"format": body.format, "what": body.what, "layout": body.layout})
    posted.setlist("category", [str(each) for each in body.categories])
    if body.compatible_steam:
        posted["compatible_steam"] = "on"
    chosen = [str(each) for each in body.entries]
    form = ChoiceForm(posted, owner=owner_of(request), selected=chosen)
    if not form.is_valid():
        raise _not_valid(form)
    return form.choice


@sensitive_variables("posted", "form")
def _protection(body: schemas.ExportWish, choice: Choice) -> ProtectionForm:
    posted = {"protection": NONE if body.password is None else OWN}
    if body.password is not None:
        posted["password"] = body.password
    elif body.without_password:
        posted["understood"] = "on"
    form = ProtectionForm(posted, kind=choice.kind)
    if not form.is_valid():
        raise _not_valid(form)
    return form


def _not_valid(form: ChoiceForm | ProtectionForm) -> problems.Refused:
    errors = [
        {"where": f"body.{PARTS.get(name, name)}", "problem": str(sentence)}
        for name, sentences in form.errors.items()
        for sentence in sentences
    ]
    words = " ".join(error["problem"] for error in errors)
    return problems.Refused(problems.NOT_VALID, words, errors=errors)


def _refused(refusal: services.ExportRefused) -> problems.Refused:
    if isinstance(refusal, services.TooManyExports):
        left = (refusal.retry_at - timezone.now()).total_seconds()
        headers = {"Retry-After": str(max(1, int(left) + 1))}
        return problems.Refused(problems.TOO_MANY, str(refusal), headers=headers)
    return problems.Refused(problems.CONFLICT, str(refusal))


@sensitive_variables("gathered", "password", "made")
def _file_now(
    request: HttpRequest, choice: Choice, gathered: Gathered, password: str | None
) -> HttpResponse:
    now, is_protected = timezone.now(), password is not None
    made = services.make_now(owner_of(request), choice, gathered, password=password, at=now)
    return as_file(
        made.pieces,
        name=making.file_name(choice, is_protected=is_protected, at=now),
        media_type=making.media_type(choice, is_protected=is_protected),
    )


def _state(export: Export) -> schemas.ExportState:
    job = services.job_of(export)
    return schemas.ExportState(
        id=export.pk,
        state=state_of(export, job),  # type: ignore[arg-type]
        count=export.count,
        expires_at=export.expires_at,
        state_url=reverse("api:export-state", args=[export.pk]),
        download_url=reverse("api:export-download", args=[export.pk]),
    )

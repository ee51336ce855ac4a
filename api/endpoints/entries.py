from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from ninja import Query, Router

from api import problems, schemas
from api.auth import Token
from api.endpoints import finding
from api.endpoints.hiding import hiding
from api.models import Scope
from vault import services as vault
from vault.formats import otpauth
from vault.formats.account import OtpAccount
from vault.formats.refusals import FormatRefusal
from vault.models import OtpEntry
from vault.refusals import sentence_for
from vault.views.finding import find_entry, owner_of

router = Router(tags=["entries"])


@router.get(
    "/entries",
    auth=Token(Scope.ENTRIES_READ),
    response=schemas.EntryPage,
    operation_id="list_entries",
    url_name="entries",
)
def list_entries(request: HttpRequest, wanted: Query[schemas.Filter]) -> schemas.EntryPage:
    found = finding.find(request, wanted, with_categories=True)
    return schemas.EntryPage(
        items=[finding.entry_json(entry) for entry in found.entries],
        page=found.page,
        pages=found.pages,
        total=found.total,
    )


@router.get(
    "/entries/{uuid:entry_id}",
    auth=Token(Scope.ENTRIES_READ),
    response=schemas.Entry,
    operation_id="read_entry",
    url_name="entry",
)
def read_entry(request: HttpRequest, entry_id: UUID) -> schemas.Entry:
    return finding.entry_json(find_entry(request, entry_id))


@router.post(
    "/entries",
    auth=Token(Scope.ENTRIES_WRITE),
    response={201: schemas.AddedEntry},
    operation_id="add_entry",
)
@hiding("body", "account")
def add_entry(
    request: HttpRequest, body: schemas.NewEntry, response: HttpResponse
) -> schemas.AddedEntry:
    account = _account_of(body.uri)
    entry, guards = _add(request, account, allow_duplicate=body.allow_duplicate)
    response["Location"] = reverse("api:entry", args=[entry.pk])
    return schemas.AddedEntry(entry=finding.entry_json(entry), guards_this_site=guards)


@sensitive_variables("uri")
def _account_of(uri: str) -> OtpAccount:
    try:
        return otpauth.read(uri)
    except FormatRefusal as refusal:
        sentence = str(sentence_for(refusal.reason))
        errors: list[dict[str, Any]] = [{"where": "body.uri", "problem": sentence}]
        raise problems.Refused(problems.NOT_VALID, sentence, errors=errors) from None


@sensitive_variables("account", "added")
def _add(
    request: HttpRequest, account: OtpAccount, *, allow_duplicate: bool
) -> tuple[OtpEntry, bool]:
    owner, now = owner_of(request), timezone.now()
    added = vault.add_accounts(owner=owner, accounts=[account], at=now)
    if added.entries:
        return added.entries[0], bool(added.guarding)
    if not allow_duplicate:
        twin = added.duplicates[0].twin
        raise problems.Refused(problems.SECRET_KNOWN, entry=str(twin.pk))
    return vault.add_anyway(owner=owner, account=account, at=now), False

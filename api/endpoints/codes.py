from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Query, Router

from api import problems, schemas, services
from api.auth import Token
from api.endpoints import finding
from api.endpoints.hiding import hiding
from api.models import Scope
from core.sealing import SealingError
from vault import codes
from vault import services as vault
from vault.models import OtpEntry
from vault.views.finding import find_entry

router = Router(tags=["codes"])
Made = dict[UUID, codes.EntryCode]


@router.get(
    "/codes",
    auth=Token(Scope.CODES_READ),
    response=schemas.CodePage,
    operation_id="list_codes",
    url_name="codes",
)
@hiding("made", "items")
def list_codes(request: HttpRequest, wanted: Query[schemas.Filter]) -> schemas.CodePage:
    now = timezone.now()
    found = finding.find(request, wanted, with_categories=False)
    made = codes.codes_of(found.entries, at=now)
    items = [_code_json(entry, made[entry.pk]) for entry in found.entries if entry.pk in made]
    services.note_codes(request.auth, at=now)  # type: ignore[attr-defined]
    return schemas.CodePage(
        items=items,
        page=found.page,
        pages=found.pages,
        total=found.total,
        without_code=[entry.pk for entry in found.entries if entry.pk not in made],
    )


@router.get(
    "/entries/{uuid:entry_id}/code",
    auth=Token(Scope.CODES_READ),
    response=schemas.Code,
    operation_id="read_code",
    url_name="code",
)
@hiding("made")
def read_code(request: HttpRequest, entry_id: UUID) -> schemas.Code:
    entry, now = find_entry(request, entry_id), timezone.now()
    if entry.is_hotp:
        raise problems.Refused(
            problems.OTHER_KIND_OF_CODE,
            _("This account is counter-based: reading its code uses it up. Ask for it with POST."),
        )
    made = codes.codes_of([entry], at=now)
    if entry.pk not in made:
        raise problems.Refused(problems.UNREADABLE_SECRET)
    services.note_codes(request.auth, at=now)  # type: ignore[attr-defined]
    return _code_json(entry, made[entry.pk])


@router.post(
    "/entries/{uuid:entry_id}/code",
    auth=Token(Scope.CODES_READ),
    response=schemas.CounterCode,
    operation_id="use_next_code",
)
@hiding("claimed")
def use_next_code(request: HttpRequest, entry_id: UUID) -> schemas.CounterCode:
    entry = find_entry(request, entry_id)
    try:
        claimed = vault.advance_hotp(entry=entry, at=timezone.now())
    except vault.EntryGone:
        raise Http404 from None
    except vault.NotCounterBased as refusal:
        raise problems.Refused(problems.OTHER_KIND_OF_CODE, str(refusal)) from None
    except vault.CounterAtEnd as refusal:
        raise problems.Refused(problems.CONFLICT, str(refusal)) from None
    except SealingError:
        raise problems.Refused(problems.UNREADABLE_SECRET) from None
    return schemas.CounterCode(
        entry=entry.pk,
        issuer=entry.issuer,
        account_name=entry.account_name,
        code=claimed.code,
        counter=claimed.counter,
    )


def _code_json(entry: OtpEntry, made: codes.EntryCode) -> schemas.Code:
    return schemas.Code(
        entry=entry.pk,
        issuer=entry.issuer,
        account_name=entry.account_name,
        code=made.code,
        next_code=made.next_code,
        period=made.period,
        valid_until=datetime.fromtimestamp(made.valid_until, tz=UTC),
    )

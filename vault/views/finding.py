from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any, TypeVar, cast
from uuid import UUID

from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.models import User
from audit import services as audit
from vault.models import OtpEntry
from vault.services import EntryGone

Row = TypeVar("Row", bound=Model)
View = Callable[..., HttpResponse]


def owner_of(request: HttpRequest) -> User:
    """The signed-in user; the middleware has let nobody else through."""
    return cast("User", request.user)


def find(request: HttpRequest, rows: QuerySet[Row], pk: UUID) -> Row:
    """A row of the user's own, else 404: the same for one that is not there and a foreign one."""
    own = rows.filter(owner=owner_of(request), pk=pk).first()
    if own is not None:
        return own
    if rows.model._default_manager.exclude(owner=owner_of(request)).filter(pk=pk).exists():
        audit.record_foreign_object(owner_of(request), str(rows.model._meta.verbose_name))
    raise Http404


def find_entry(request: HttpRequest, entry_id: UUID) -> OtpEntry:
    """A live entry of the user's own."""
    return find(request, OtpEntry.objects.live(), entry_id)


def told_when_gone(view: View) -> View:
    """For deeds on an entry: another tab may put it into the trash meanwhile."""

    @functools.wraps(view)
    def told(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except EntryGone as refusal:
            if wants_json(request):
                return JsonResponse({"error": str(refusal)}, status=409)
            messages.warning(request, str(refusal))
            return redirect("vault:list")

    return told


def back(request: HttpRequest, default: str = "vault:list") -> HttpResponse:
    """To the page the form names, if it is one of this site, else to the default one."""
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, allowed_hosts=None) and target.startswith("/"):
        return redirect(target)
    return redirect(reverse(default))


def wants_json(request: HttpRequest) -> bool:
    return request.accepts("application/json") and not request.accepts("text/html")


def id_of(text: object) -> UUID:
    """An id out of a JSON body; what is none is not found."""
    try:
        return UUID(str(text))
    except ValueError:
        raise Http404 from None


def posted_json(request: HttpRequest) -> dict[str, Any]:
    """The fields of a JSON body, or none when it is not an object."""
    try:
        body = json.loads(request.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}

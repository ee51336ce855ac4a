from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import confirmation
from accounts.decorators import ask_to_confirm
from accounts.views.account import current_user
from accounts.views.sign_in import way_back
from audit import services as audit
from sessions_lock import activity, deadlines, pages, services, timeouts
from sessions_lock.forms import TimeoutForm
from sessions_lock.middleware import is_background
from sessions_lock.models import SessionActivity

LONGEST_BODY = 256
CLEARED = {"Clear-Site-Data": '"cache"'}


class BadReport(ValueError):
    """What a page reported is not a number of milliseconds."""


@require_http_methods(["GET", "HEAD", "POST"])
def heartbeat(request: HttpRequest) -> HttpResponse:
    """How long this session still lives. A POST says how long ago a person did something.

    Looking extends nothing; the body of a POST is {"idle": milliseconds}.
    """
    row = _row(request)
    if request.method == "POST":
        try:
            idle = _idle(request.body[:LONGEST_BODY])
        except BadReport:
            return JsonResponse({"error": _("This is not a time.")}, status=400)
        activity.note(row, at=timezone.now(), idle=idle)
    return JsonResponse(pages.state(row))


@require_POST
def lock(request: HttpRequest) -> HttpResponse:
    """Lock this session now; the sign-in leads back to the page it was locked on."""
    services.lock(_row(request).pk, at=timezone.now())
    if is_background(request):
        return JsonResponse({"signed_in": False, "locked": True}, headers=CLEARED)
    query = urlencode({"next": way_back(request)})
    response = redirect(f"{resolve_url(settings.LOGIN_URL)}?{query}")
    response.headers["Clear-Site-Data"] = CLEARED["Clear-Site-Data"]
    return response


@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    return _page(request)


@require_POST
def choose_timeout(request: HttpRequest) -> HttpResponse:
    user, now = current_user(request), timezone.now()
    form = TimeoutForm(request.POST, row=timeouts.of_user(user))
    if not form.is_valid():
        return _page(request, form)
    minutes = form.cleaned_data["minutes"]
    try:
        is_confirmed = confirmation.is_fresh(request, at=now)
        timeouts.choose(user, minutes=minutes, is_confirmed=is_confirmed, at=now)
    except timeouts.ConfirmationNeeded:
        messages.warning(request, _("Confirm that it is you, then choose the longer time again."))
        return ask_to_confirm(reverse("sessions_lock:sessions"))
    messages.info(
        request,
        ngettext(
            "Your sessions lock after %(count)s minute without activity.",
            "Your sessions lock after %(count)s minutes without activity.",
            minutes,
        )
        % {"count": minutes},
    )
    return redirect("sessions_lock:sessions")


@require_POST
def end(request: HttpRequest, session_id: UUID) -> HttpResponse:
    user, now = current_user(request), timezone.now()
    if session_id == _row(request).pk:
        services.lock(session_id, at=now)
        return redirect(settings.LOGIN_URL)
    try:
        services.end_one(user, session_id, at=now)
    except services.SessionGone:
        own = SessionActivity.objects.for_owner(user).filter(pk=session_id)
        if not own.exists():
            if SessionActivity.objects.filter(pk=session_id).exists():
                audit.record_foreign_object(user, "session")
            raise Http404 from None
        messages.info(request, _("That session had ended already."))
    else:
        messages.info(request, _("That session is ended."))
    return redirect("sessions_lock:sessions")


@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    user, row = current_user(request), _row(request)
    count = services.end_all_others(user, but=row.pk, at=timezone.now())
    words = ngettext("%(count)s session is ended.", "%(count)s sessions are ended.", count)
    messages.info(request, words % {"count": count})
    return redirect("sessions_lock:sessions")


def _page(request: HttpRequest, form: TimeoutForm | None = None) -> HttpResponse:
    user, row = current_user(request), _row(request)
    choice = timeouts.of_user(user)
    live = services.live_of(user, at=timezone.now())
    context = {
        "sessions": [(each, pages.proofs(each.amr), each.pk == row.pk) for each in live],
        "form": form or TimeoutForm(row=choice),
        "most_minutes": choice.most_minutes if choice else None,
        "locks_at": deadlines.of(row),
        "limit": settings.SESSIONS_PER_USER,
    }
    status = 422 if form is not None and form.errors else 200
    return render(request, "sessions_lock/sessions.html", context, status=status)


def _row(request: HttpRequest) -> SessionActivity:
    """The row that was read with this session."""
    session: Any = request.session
    row: SessionActivity | None = session.row
    if row is None:
        raise Http404
    return row


def _idle(body: bytes) -> timedelta:
    try:
        idle = json.loads(body)["idle"]
    except (ValueError, KeyError, TypeError):
        raise BadReport from None
    if isinstance(idle, bool) or not isinstance(idle, int) or not 0 <= idle <= 10**9:
        raise BadReport
    return timedelta(milliseconds=idle)

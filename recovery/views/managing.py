"""The user's own codes: make and show them once, type one back, invalidate them."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from accounts import factors
from accounts.decorators import confirmed_recently
from accounts.views.account import current_user
from core import allowances
from recovery import context_processors
from recovery import services as recovery
from recovery.forms import TypedBackForm

# Typing a code back tells whether it is one, so that is counted too, apart from sign-ins.
TYPED_BACK_PER_HOUR = 20


@require_http_methods(["GET", "HEAD", "POST"])
def new_codes(request: HttpRequest) -> HttpResponse:
    """Before and after: what the codes are for, and, in the answer to a POST, the codes."""
    if request.method == "POST":
        return _make(request)
    user = current_user(request)
    if factors.count(user) == 0:
        return redirect("accounts:enrol")
    row = recovery.valid_set(user.pk)
    context = {"set": row, "left": recovery.left(row) if row else 0}
    return render(request, "recovery/new.html", context)


@confirmed_recently
@never_cache
@sensitive_variables("new", "context")
def _make(request: HttpRequest) -> HttpResponse:
    user, now = current_user(request), timezone.now()
    try:
        new = recovery.generate(user, replaces=_replaces(request), at=now)
    except recovery.NoFactor:
        return redirect("accounts:enrol")
    except recovery.ChangedMeanwhile:
        messages.warning(
            request,
            _("Codes are shown once, and yours were shown already. Make new ones if need be."),
        )
        return redirect("recovery:new-codes")
    context = {
        "codes": new.codes,
        "form": TypedBackForm(),
        "made_at": now,
        "site": settings.SITE_URL,
        "site_host": urlsplit(settings.SITE_URL).netloc,
    }
    response = render(request, "recovery/codes.html", context)
    recovery.mark_shown(new.set_id, at=now)
    context_processors.note_due(request, user)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("code")
def confirm(request: HttpRequest) -> HttpResponse:
    """Type one code back, to be sure that they are kept; it stays unused."""
    user = current_user(request)
    if recovery.valid_set(user.pk) is None:
        return redirect("recovery:new-codes")
    form, status = TypedBackForm(), 200
    if request.method == "POST":
        form, status = TypedBackForm(request.POST), 422
        if form.is_valid() and _confirm(request, form):
            messages.info(request, _("Your backup sign-in codes are ready. Keep them safe."))
            return redirect("accounts:security")
    return render(request, "recovery/confirm.html", {"form": form}, status=status)


@confirmed_recently
@require_http_methods(["GET", "HEAD", "POST"])
def invalidate(request: HttpRequest) -> HttpResponse:
    user = current_user(request)
    if request.method == "POST":
        try:
            recovery.invalidate(user, by=user, at=timezone.now())
            messages.info(request, _("None of your backup sign-in codes works any more."))
        except recovery.NothingToInvalidate:
            messages.warning(request, _("You had no valid codes any more."))
        context_processors.note_due(request, user)
        return redirect("accounts:security")
    return render(request, "recovery/invalidate.html", {"set": recovery.valid_set(user.pk)})


@login_not_required
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    layout = "layouts/app.html" if request.user.is_authenticated else "layouts/focus.html"
    return render(request, "recovery/help.html", {"layout": layout})


def _confirm(request: HttpRequest, form: TypedBackForm) -> bool:
    user, now = current_user(request), timezone.now()
    try:
        allowances.claim(
            "recovery typed back",
            str(user.pk),
            limit=TYPED_BACK_PER_HOUR,
            per=timedelta(hours=1),
            at=now,
        )
        recovery.confirm_kept(user, typed=form.cleaned_data["code"], at=now)
    except recovery.CodeRefused:
        form.add_error("code", _("This is none of your codes. Type one of those just shown."))
        return False
    context_processors.note_due(request, user)
    return True


def _replaces(request: HttpRequest) -> UUID | None:
    """The set that the page spoke of when it offered to make new codes."""
    try:
        return UUID(request.POST.get("replaces", ""))
    except ValueError:
        return None

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.reset import address
from accounts.views.account import current_user
from core.throttle import throttle

KEY = "address_change"
NO_CHANGE = "00000000-0000-0000-0000-000000000000"


@login_not_required
@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Where the mailed link leads. Its token is in the fragment; the page's script posts it."""
    return render(request, "accounts/reset/address.html")


@login_not_required
@require_POST
@throttle("address", "30/m")
def open_link(request: HttpRequest) -> HttpResponse:
    """Note the change in this browser's session; the next page wants its owner signed in."""
    try:
        row = address.find(request.POST.get("token", "")[:100], at=timezone.now())
    except address.LinkNotValid:
        return _gone(request)
    request.session[KEY] = str(row.id)
    return redirect("accounts:address-confirm")


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Ask the owner once more, then move the account to the new address."""
    now, user = timezone.now(), User.objects.get(pk=current_user(request).pk)
    try:
        row = address.own(user, request.session.get(KEY, NO_CHANGE), at=now)
        if request.method == "POST":
            address.complete(user, row.id, at=now)
            request.session.pop(KEY, None)
            messages.info(request, _("Your account has its new address."))
            return redirect("accounts:profile")
    except address.AddressChangeRefused:
        return _gone(request)
    return render(request, "accounts/reset/address_confirm.html", {"change": row})


@require_POST
def cancel(request: HttpRequest) -> HttpResponse:
    if address.cancel(current_user(request), at=timezone.now()):
        messages.info(request, _("Your address stays as it is."))
    else:
        messages.info(request, _("There is nothing to cancel any more."))
    return redirect("accounts:profile")


def _gone(request: HttpRequest) -> HttpResponse:
    request.session.pop(KEY, None)
    return render(request, "accounts/reset/address_gone.html", status=410)

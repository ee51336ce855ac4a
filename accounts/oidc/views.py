from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import confirmation, signin
from accounts.decorators import confirmed_recently
from accounts.oidc import identities, leaving, requests
from accounts.oidc import services as oidc
from accounts.oidc.refusals import OidcRefused, OnlyWayIn, ProviderAway
from accounts.views.account import current_user
from accounts.views.second_factor import start_again
from accounts.views.sign_in import way_back
from core.throttle import throttle


@login_not_required
@require_POST
@throttle("oidc", "30/m")
def start(request: HttpRequest) -> HttpResponse:
    """Send the browser to the provider to sign in."""
    _need_provider()
    if request.user.is_authenticated:
        return redirect(way_back(request))
    return _send_away(request, requests.SIGN_IN, way_back(request))


@login_not_required
@require_safe
@throttle("oidc", "60/m")
def callback(request: HttpRequest) -> HttpResponse:
    """Where the provider sends the browser back to."""
    _need_provider()
    now, row = timezone.now(), None
    try:
        row = requests.claim(request, state=request.GET.get("state", ""), at=now)
        if row.purpose == requests.SIGN_IN and request.user.is_authenticated:
            return redirect(row.next_url)
        url = oidc.finish(request, row, at=now)
    except OidcRefused as refusal:
        return _refused(request, row.purpose if row else requests.SIGN_IN, refusal)
    except signin.PendingGone:
        return start_again(request)
    if row.purpose == requests.LINK:
        messages.info(
            request,
            _("Your account is linked. From now on you can sign in with %(name)s.")
            % {"name": settings.OIDC_NAME},
        )
    return redirect(url)


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Confirm-it's-you at the provider, for somebody with neither password nor factor here."""
    _need_provider()
    user, next_url = current_user(request), way_back(request)
    if not identities.confirms_by_provider(user):
        return redirect(f"{resolve_url('accounts:confirm')}?{urlencode({'next': next_url})}")
    if request.method == "POST":
        return _send_away(request, requests.CONFIRM, next_url)
    context = {
        "next": next_url,
        "query": urlencode({"next": next_url}),
        "oidc_name": settings.OIDC_NAME,
        "ways": confirmation.ways(user, but="oidc"),
    }
    return render(request, "accounts/oidc/confirm.html", context)


@confirmed_recently
@require_POST
def link(request: HttpRequest) -> HttpResponse:
    _need_provider()
    return _send_away(request, requests.LINK, resolve_url("accounts:security"))


@confirmed_recently
@require_POST
def unlink(request: HttpRequest) -> HttpResponse:
    _need_provider()
    try:
        oidc.unlink(request, current_user(request), at=timezone.now())
        messages.info(request, _("The link is removed. Your other sessions have been signed out."))
    except OnlyWayIn as refusal:
        messages.warning(request, refusal.sentence)
    return redirect("accounts:security")


def _need_provider() -> None:
    if not identities.is_configured():
        raise Http404


def _send_away(request: HttpRequest, purpose: str, next_url: str) -> HttpResponse:
    user = current_user(request) if request.user.is_authenticated else None
    try:
        url = requests.make(
            request, purpose=purpose, user=user, next_url=next_url, at=timezone.now()
        )
    except OidcRefused as refusal:
        return _refused(request, purpose, refusal)
    return leaving.page(request, url)


def _refused(request: HttpRequest, purpose: str, refusal: OidcRefused) -> HttpResponse:
    oidc.report_refusal(request, purpose, refusal, at=timezone.now())
    is_signed_in = request.user.is_authenticated
    context = {
        "sentence": refusal.sentence,
        "back_url": resolve_url("accounts:security" if is_signed_in else "accounts:sign-in"),
        "is_signed_in": is_signed_in,
        "oidc_name": settings.OIDC_NAME,
    }
    status = 503 if isinstance(refusal, ProviderAway) else 400
    return render(request, "accounts/oidc/refused.html", context, status=status)

from __future__ import annotations

import json

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import factors, prelogin, signin
from accounts.forms import SignInForm
from accounts.oidc import leaving
from accounts.oidc import policy as sso
from audit import events
from audit import services as audit
from core.throttle import throttle

WRONG = _("This address and password do not belong together.")
SSO_ONLY = _("This site takes no passwords. Use the button below.")
LOCKED_OUT = _(
    "Too many attempts with this address from your network. Wait 15 minutes and try again."
)


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    next_url = way_back(request)
    if request.user.is_authenticated:
        return redirect(next_url)
    if request.method == "POST":
        return _post_sign_in(request, next_url)
    # The session store may know whose session has just locked in this browser.
    address = getattr(request.session, "known_address", "")
    return _page(request, SignInForm(initial={"next": next_url, "email": address}))


@throttle("sign-in", "60/m")
def _post_sign_in(request: HttpRequest, next_url: str) -> HttpResponse:
    form = SignInForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    now = timezone.now()
    try:
        sso.ask_for_own_way(request, at=now)
        user = signin.check_password(
            request, address=form.cleaned_data["email"], auth_secret=form.secret, at=now
        )
        sso.break_glass(user, at=now)
        signin.begin(request, user, amr="pwd", next_url=next_url, at=now)
        return redirect(signin.advance(request, at=now))
    except signin.TooManyAttempts:
        form.add_error(None, LOCKED_OUT)
    except signin.WrongPassword:
        form.add_error(None, WRONG)
    except sso.SingleSignOnOnly:
        form.add_error(None, SSO_ONLY)
    except signin.PendingGone:
        form.add_error(None, _("This sign-in took too long. Please start again."))
    return _page(request, form)


@login_not_required
@require_POST
@throttle("sign-in-parameters", "60/m")
def sign_in_parameters(request: HttpRequest) -> HttpResponse:
    """Body {email}; answers {v, salt, iterations}, for unknown addresses as well."""
    try:
        address = json.loads(request.body[:1024])["email"]
    except (ValueError, KeyError, TypeError):
        address = None
    if not isinstance(address, str):
        return JsonResponse({"error": _("Enter an e-mail address.")}, status=400)
    return JsonResponse(prelogin.parameters(address).as_wire())


@login_not_required
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        audit.record(events.SESSION_ENDED, user=request.user.pk, at=timezone.now())
    amr = request.session.get(factors.AMR, [])
    logout(request)
    response = leaving.after_sign_out(request, amr)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def way_back(request: HttpRequest, wanted: str = "") -> str:
    """The page to go on with, from `wanted` or `next`; only ever a page of this site."""
    wanted = wanted or request.POST.get("next") or request.GET.get("next") or ""
    is_ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts=None, require_https=request.is_secure()
    )
    return wanted[:500] if is_ours else resolve_url(settings.LOGIN_REDIRECT_URL)


def _page(request: HttpRequest, form: SignInForm) -> HttpResponse:
    status = 200 if not form.is_bound else 422
    context = {
        "form": form,
        "takes_sign_ups": settings.SIGN_UP == "open" and sso.has_own_ways(request),
        "has_own_ways": sso.has_own_ways(request),
        "is_break_glass": settings.OIDC_ONLY,
        "oidc_name": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
        "next": way_back(request),
        "sends_mail": settings.MAIL_IS_CONFIGURED,
    }
    return render(request, "accounts/sign_in.html", context, status=status)

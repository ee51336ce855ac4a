from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import addresses, sign_up, signin
from accounts.forms import AddressForm, SignUpForm
from accounts.models import SignUpToken
from core import allowances
from core.throttle import throttle
from keyslots.services import SlotRefused

TOKEN_KEY = "sign_up_token"
NO_TOKEN = UUID(int=0)
MAILS_PER_ADDRESS = 3


@login_not_required
@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Where links lead. The token is in the fragment; the page's script posts it to `open_link`."""
    return render(
        request,
        "accounts/sign_up.html",
        {"form": AddressForm(), "takes_sign_ups": settings.SIGN_UP == "open"},
    )


@login_not_required
@require_POST
@throttle("sign-up", "30/m")
def open_link(request: HttpRequest) -> HttpResponse:
    try:
        token = sign_up.find(request.POST.get("token", "")[:100], at=timezone.now())
    except sign_up.LinkNotValid:
        return render(request, "accounts/link_not_valid.html", status=410)
    request.session[TOKEN_KEY] = str(token.id)
    return redirect("accounts:sign-up-account")


@login_not_required
@require_POST
@throttle("sign-up", "30/m")
def request_link(request: HttpRequest) -> HttpResponse:
    """Open sign-up: the same answer whether or not somebody has the address."""
    form = AddressForm(request.POST)
    if settings.SIGN_UP != "open" or not form.is_valid():
        context = {"form": form, "takes_sign_ups": settings.SIGN_UP == "open"}
        return render(request, "accounts/sign_up.html", context, status=422)
    now, email = timezone.now(), addresses.normalise(form.cleaned_data["email"])
    allowances.claim("sign-up mail", email, limit=MAILS_PER_ADDRESS, per=timedelta(hours=1), at=now)
    sign_up.request_open_sign_up(email=email, at=now)
    return render(request, "accounts/sign_up_mailed.html", {"email": email})


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    token = (
        SignUpToken.open(at=timezone.now())
        .filter(id=request.session.get(TOKEN_KEY, NO_TOKEN))
        .first()
    )
    if token is None:
        return render(request, "accounts/link_not_valid.html", status=410)
    if request.method != "POST":
        return _page(request, token, SignUpForm(fixed_email=token.email))
    form = SignUpForm(request.POST, fixed_email=token.email)
    if form.is_valid() and form.credentials.slot.slot_id != token.slot_id:
        form.add_error(None, _("The form belongs to another link. Open your link again."))
    if not form.is_valid():
        return _page(request, token, form)
    return _create(request, token, form)


def _create(request: HttpRequest, token: SignUpToken, form: SignUpForm) -> HttpResponse:
    now = timezone.now()
    try:
        user = sign_up.complete(
            token.id,
            email=form.cleaned_data["email"],
            display_name=form.cleaned_data["display_name"],
            new=form.credentials,
            at=now,
        )
    except sign_up.LinkNotValid:
        return render(request, "accounts/link_not_valid.html", status=410)
    except sign_up.AddressTaken:
        form.add_error("email", _("This address cannot be used. Do you have an account already?"))
        return _page(request, token, form)
    except SlotRefused:
        form.add_error(None, _("The keys could not be kept. Please load the page again."))
        return _page(request, token, form)
    request.session.pop(TOKEN_KEY, None)
    signin.begin(request, user, amr="pwd", next_url=reverse("vault:list"), at=now)
    messages.info(request, _("Welcome. Your account is ready."))
    return redirect(signin.advance(request, at=now))


def _page(request: HttpRequest, token: SignUpToken, form: SignUpForm) -> HttpResponse:
    context = {"form": form, "token": token, "iterations": settings.KDF_ITERATIONS}
    status = 422 if form.is_bound else 200
    return render(request, "accounts/sign_up_account.html", context, status=status)

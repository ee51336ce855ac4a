from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import factors
from accounts.forms import AddressForm
from accounts.models import PasswordReset, User
from accounts.oidc import policy as sso
from accounts.reset import asking
from accounts.reset import services as reset
from accounts.reset.forms import ResetForm
from accounts.totp.forms import CodeForm
from accounts.totp.views import verify_form
from accounts.views.account import current_user
from core import client
from core.throttle import throttle
from keyslots.models import KeySlot
from keyslots.services import SlotRefused


@login_not_required
@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Ask for a link, and where links lead: the token in the fragment is posted by the script."""
    return _ask_page(request, AddressForm(), status=200)


@login_not_required
@require_POST
@throttle("reset", "30/m")
def request_link(request: HttpRequest) -> HttpResponse:
    """The same answer whether or not somebody has the address."""
    form = AddressForm(request.POST)
    try:
        sso.ask_for_own_way(request, at=timezone.now())
    except sso.SingleSignOnOnly:
        return _ask_page(request, form, status=403)
    if not form.is_valid() or not settings.MAIL_IS_CONFIGURED:
        return _ask_page(request, form, status=422)
    email = form.cleaned_data["email"]
    asking.ask(
        email=email,
        address=client.address(request),
        browser=client.browser(request),
        at=timezone.now(),
    )
    return render(request, "accounts/reset/asked.html", {"email": email})


@login_not_required
@require_POST
@throttle("reset", "30/m")
def open_link(request: HttpRequest) -> HttpResponse:
    try:
        reset.open_link(request, request.POST.get("token", "")[:100], at=timezone.now())
    except reset.LinkNotValid:
        return _gone(request)
    return redirect("accounts:reset-password")


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@throttle("reset", "30/m")
def code(request: HttpRequest) -> HttpResponse:
    """The code of an authenticator app, on the way to a new password."""
    now = timezone.now()
    try:
        row = reset.pending(request, at=now)
        form = CodeForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and now >= row.usable_from:
            proof = verify_form(request, row.user, form)
            if proof:
                reset.add_proof(request, proof, at=now)
                return redirect("accounts:reset-password")
    except reset.LinkNotValid:
        return _gone(request)
    here = request.path
    ways = [way for way in reset.proofs(row.user) if way.url != here]
    context = {"form": form, "ways": ways}
    return render(request, "accounts/reset/code.html", context, status=_status(form))


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Choose the new password, once everything that was asked for has been shown."""
    now = timezone.now()
    try:
        row = reset.pending(request, at=now)
        proof = reset.check(request, row, at=now)
        form = ResetForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and _set(request, row, form, proof):
            return _to_sign_in(request)
    except reset.LinkNotValid:
        return _gone(request)
    except reset.TooEarly as early:
        return _too_early(request, early)
    except reset.FactorNeeded as needed:
        return _to_factor(request, needed.user)
    context = {
        "form": form,
        "person": row.user,
        "iterations": settings.KDF_ITERATIONS,
        "recovery_slots": _wires(row.user, KeySlot.Kind.RECOVERY),
        "passkey_slots": _wires(row.user, KeySlot.Kind.PASSKEY),
    }
    return render(request, "accounts/reset/password.html", context, status=_status(form))


@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    """Stop a reset that somebody asked for; any live session may."""
    if reset.stop(current_user(request), at=timezone.now()):
        words = _("Stopped. The link in that mail no longer works, and your password is as it was.")
        messages.info(request, words)
    else:
        messages.info(request, _("There is nothing to stop any more."))
    return redirect("accounts:security")


def _set(
    request: HttpRequest,
    row: PasswordReset,
    form: ResetForm,
    proof: factors.Proof | None,
) -> bool:
    try:
        reset.complete(
            row, form.credentials, proof=proof, recovery=form.recovery, at=timezone.now()
        )
    except SlotRefused:
        form.add_error(None, _("The keys could not be kept. Please load the page again."))
    except reset.RecoveryRefused:
        form.add_error(None, _("What you showed does not open your notes. Nothing was changed."))
    except factors.ProofRefused:
        form.add_error(None, _("What you showed was used already. Open your link once more."))
    else:
        return True
    return False


def _wires(user: User, kind: str) -> list[dict[str, str | int]]:
    return [slot.as_wire() for slot in reset.slots(user, kind)]


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        logout(request)
    reset.forget(request)
    messages.info(
        request, _("Your password is changed and every session has ended. Sign in with it now.")
    )
    return redirect("accounts:sign-in")


def _ask_page(request: HttpRequest, form: AddressForm, *, status: int) -> HttpResponse:
    context = {
        "form": form,
        "sends_mail": settings.MAIL_IS_CONFIGURED,
        "has_own_ways": sso.has_own_ways(request),
        "is_break_glass": settings.OIDC_ONLY,
        "oidc_name": settings.OIDC_NAME,
    }
    return render(request, "accounts/reset/ask.html", context, status=status)


def _too_early(request: HttpRequest, early: reset.TooEarly) -> HttpResponse:
    context = {"usable_from": early.usable_from}
    return render(request, "accounts/reset/too_early.html", context, status=403)


def _to_factor(request: HttpRequest, user: User) -> HttpResponse:
    ways = reset.proofs(user)
    if ways:
        return redirect(ways[0].url)
    return render(request, "accounts/reset/no_way.html", status=403)


def _gone(request: HttpRequest) -> HttpResponse:
    reset.forget(request)
    return render(request, "accounts/reset/gone.html", status=410)


def _status(form: object) -> int:
    return 422 if getattr(form, "errors", None) else 200

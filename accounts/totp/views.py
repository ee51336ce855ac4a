from __future__ import annotations

import base64
from io import BytesIO
from uuid import UUID

import qrcode
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts import confirmation, factors, policy, signin
from accounts.decorators import confirmed_recently
from accounts.models import TotpDevice, User
from accounts.totp import services as totp
from accounts.totp.forms import CodeForm, EnrolForm, RenameForm, SignInCodeForm
from accounts.trusted import services as trusted
from accounts.views.account import current_user
from accounts.views.second_factor import start_again
from accounts.views.sign_in import way_back
from core import allowances


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def present(request: HttpRequest) -> HttpResponse:
    """The code of a pending sign-in."""
    now = timezone.now()
    try:
        row = signin.pending(request, at=now)
        form = SignInCodeForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            proof = verify_form(request, row.user, form)
            if proof:
                return _go_on(request, row.user, proof, trust=form.cleaned_data["trust"])
    except signin.PendingGone:
        return start_again(request)
    context = {"form": form, "ways": factors.other_ways(row.user, but="totp")}
    return render(request, "accounts/totp/present.html", context, status=_status(form))


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """The code of confirm-it's-you."""
    user, form = current_user(request), CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and verify_form(request, user, form):
        confirmation.record(request, user, amr="otp", at=timezone.now())
        return redirect(way_back(request))
    context = {
        "form": form,
        "next": way_back(request),
        "query": urlencode({"next": way_back(request)}),
        "ways": confirmation.ways(user, but="totp"),
    }
    return render(request, "accounts/totp/confirm.html", context, status=_status(form))


@confirmed_recently
@require_http_methods(["GET", "HEAD", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """Show a new secret as QR code and text; it counts once a code has confirmed it."""
    user, now = current_user(request), timezone.now()
    form = EnrolForm(request.POST or None)
    device = totp.waiting(user)
    if device is None or request.method != "POST":
        try:
            device = totp.start(user, at=now)
        except totp.TooManyDevices:
            messages.warning(request, _("You have ten authenticator apps. Remove one first."))
            return redirect("accounts:security")
    elif form.is_valid() and (next_url := _confirm(request, device, form)):
        return redirect(next_url)
    context = {"form": form, "picture": _picture(totp.uri(device)), "secret": _spaced(device)}
    return render(request, "accounts/totp/enrol.html", context, status=_status(form))


@confirmed_recently
@require_http_methods(["GET", "HEAD", "POST"])
def rename(request: HttpRequest, device_id: UUID) -> HttpResponse:
    device = _own(request, device_id)
    form = RenameForm(request.POST or None, initial={"name": device.name})
    if request.method == "POST" and form.is_valid():
        totp.rename(current_user(request), device_id, form.cleaned_data["name"])
        return redirect("accounts:security")
    return render(request, "accounts/totp/rename.html", {"form": form}, status=_status(form))


@confirmed_recently
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Ask, then remove; the last factor is asked about in words of its own."""
    user, device = current_user(request), _own(request, device_id)
    try:
        policy.ask_to_remove(user)
    except policy.LastFactorNeeded:
        messages.warning(request, _("This site asks you for a second factor. Add another first."))
        return redirect("accounts:security")
    if request.method == "POST":
        if totp.remove(request, user, device_id, at=timezone.now()):
            messages.info(request, _("The authenticator app is removed."))
        return redirect("accounts:security")
    context = {"device": device, "is_last": factors.count(user) == 1}
    return render(request, "accounts/totp/remove.html", context)


def verify_form(request: HttpRequest, user: User, form: forms.Form) -> factors.Proof | None:
    """Judge the code of a form; None when it was refused, and then the form says why."""
    now = timezone.now()
    try:
        factors.claim_attempt(request, user, at=now)
        return totp.verify(user, code=form.cleaned_data["code"], at=now)
    except allowances.Spent as spent:
        form.add_error("code", _too_many(spent.retry_at))
    except totp.CodeRefused as refusal:
        factors.report_failure(request, user, factor="totp", at=now)
        form.add_error("code", _words(refusal))
    return None


def _confirm(request: HttpRequest, device: TotpDevice, form: EnrolForm) -> str | None:
    words = form.cleaned_data
    try:
        return totp.confirm(
            request, device, code=words["code"], name=words["name"], at=timezone.now()
        )
    except totp.CodeRefused as refusal:
        form.add_error("code", _words(refusal))
    return None


def _go_on(request: HttpRequest, user: User, proof: factors.Proof, *, trust: bool) -> HttpResponse:
    now = timezone.now()
    signin.add_proof(request, proof, at=now)
    response = redirect(signin.advance(request, at=now))
    if trust:
        trusted.trust(request, response, user, at=now)
    return response


def _words(refusal: totp.CodeRefused) -> str:
    if isinstance(refusal, totp.ClockDrifts):
        minutes = max(1, round(abs(refusal.seconds) / 60))
        return ngettext(
            "This code is right, but for another time: the clock of your app is about %(minutes)s"
            " minute off. Set its time automatically and try again.",
            "This code is right, but for another time: the clock of your app is about %(minutes)s"
            " minutes off. Set its time automatically and try again.",
            minutes,
        ) % {"minutes": minutes}
    return _("This code is not right, or was used already. Wait for the next one and try again.")


def _too_many(retry_at: object) -> str:
    when = timezone.localtime(retry_at).strftime("%H:%M")  # type: ignore[arg-type]
    return _("Too many codes were tried. Try again after %(when)s.") % {"when": when}


def _own(request: HttpRequest, device_id: UUID) -> TotpDevice:
    user = current_user(request)
    return get_object_or_404(TotpDevice, user=user, pk=device_id, confirmed=True)


def _picture(uri: str) -> str:
    """A QR code as a data: URI, so that no address of it exists."""
    drawn = BytesIO()
    qrcode.make(uri, error_correction=qrcode.constants.ERROR_CORRECT_M, box_size=6).save(drawn)
    return "data:image/png;base64," + base64.b64encode(drawn.getvalue()).decode()


def _spaced(device: TotpDevice) -> str:
    text = totp.secret_text(device)
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def _status(form: forms.Form) -> int:
    return 422 if form.errors else 200

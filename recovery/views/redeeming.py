"""Showing a backup sign-in code: at sign-in, and to reset a forgotten password."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import factors, signin
from accounts.models import User
from accounts.reset import services as reset
from accounts.views.second_factor import start_again
from core import allowances, throttle
from recovery import attempts
from recovery import services as recovery
from recovery.forms import CodeForm


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("code")
def present(request: HttpRequest) -> HttpResponse:
    """A backup sign-in code in place of the second factor of a pending sign-in."""
    try:
        row = signin.pending(request, at=timezone.now())
        form, status = CodeForm(), 200
        if request.method == "POST":
            answer = _present(request, row.user)
            if isinstance(answer, str):
                return redirect(answer)
            form, status = answer
    except signin.PendingGone:
        return start_again(request)
    context = {"form": form, "ways": factors.other_ways(row.user, but="recovery")}
    return render(request, "recovery/present.html", context, status=status)


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("code")
def show_for_reset(request: HttpRequest) -> HttpResponse:
    """A backup sign-in code on the way to a new password; it is used up when that is set."""
    now = timezone.now()
    try:
        row = reset.pending(request, at=now)
        if now < row.usable_from:
            return redirect("accounts:reset-password")
        form, status = CodeForm(), 200
        if request.method == "POST":
            form, status, proof = _judge(request, row.user)
            if proof:
                reset.add_proof(request, proof, at=now)
                return redirect("accounts:reset-password")
    except reset.LinkNotValid:
        return redirect("accounts:reset-password")
    ways = [way for way in reset.proofs(row.user) if way.url != request.path]
    context = {"form": form, "ways": ways}
    return render(request, "recovery/reset.html", context, status=status)


Refused = tuple[CodeForm, int]


def _present(request: HttpRequest, user: User) -> str | Refused:
    """Where the sign-in goes on, or the form that says it does not."""
    form, status, proof = _judge(request, user)
    if proof is None:
        return form, status
    now = timezone.now()
    signin.add_proof(request, proof, at=now)
    try:
        return signin.advance(request, at=now)
    except factors.ProofRefused:
        # Used, or ended, between the look and the deed: the answer is the one of a used code.
        signin.drop_proofs(request, at=now)
        attempts.report(request, user, reason="used meanwhile", at=now)
        form.add_error("code", _refusal())
        return form, 422


def _judge(request: HttpRequest, user: User) -> tuple[CodeForm, int, factors.Proof | None]:
    throttle.count(request, group="recovery", rate="60/m")
    form = CodeForm(request.POST)
    form.is_valid()
    typed = request.POST.get("code", "")
    try:
        return form, 200, attempts.judge(request, user, typed=typed, at=timezone.now())
    except allowances.Spent as spent:
        form.add_error("code", _too_many(spent))
        return form, 429, None
    except recovery.CodeRefused:
        form.add_error("code", _refusal())
        return form, 422, None


def _refusal() -> str:
    return _("This code is not accepted. Check it, or take another one: each works once.")


def _too_many(spent: allowances.Spent) -> str:
    when = timezone.localtime(spent.retry_at).strftime("%H:%M")
    return _("Too many codes were tried. Try again after %(when)s.") % {"when": when}

"""Pages of a sign-in that was found unusual, before its session starts."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import factors, signin
from accounts.models import PendingSignIn
from accounts.views.second_factor import show_again, start_again
from anomalies import browsers, checking, demands, grants, mailed_codes, recording
from anomalies.forms import CodeForm
from anomalies.models import LoginAttempt
from audit import events
from audit import services as audit
from core import allowances
from core.throttle import throttle

Decision = LoginAttempt.Decision
View = Callable[..., HttpResponse]
Judged = Callable[[HttpRequest, PendingSignIn, LoginAttempt], HttpResponse]


def stopped(*decisions: str) -> Callable[[Judged], View]:
    """For a pending sign-in that the check has stopped in one of these ways; others go on."""

    def decorate(view: Judged) -> View:
        @functools.wraps(view)
        def found(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                pending = signin.pending(request, at=timezone.now())
            except signin.PendingGone:
                return start_again(request)
            attempt = LoginAttempt.objects.filter(pending_id=pending.id).first()
            if attempt is None or attempt.decision not in decisions:
                return redirect("accounts:second-factor")
            try:
                return view(request, pending, attempt)
            except signin.PendingGone:
                return start_again(request)
            except factors.ProofRefused:
                return show_again(request)

        return found

    return decorate


@login_not_required
@require_safe
@stopped(Decision.VERIFY)
def verify(request: HttpRequest, pending: PendingSignIn, attempt: LoginAttempt) -> HttpResponse:
    """Choose a further proof."""
    context = {
        "ways": checking.ways(pending, attempt),
        "can_mail": mailed_codes.can_mail(pending.user),
        "place": attempt.place,
    }
    return render(request, "anomalies/verify.html", context)


@login_not_required
@require_POST
@throttle("verify", "60/m")
@stopped(Decision.VERIFY)
def send_mail(request: HttpRequest, pending: PendingSignIn, attempt: LoginAttempt) -> HttpResponse:
    """Mail a code for this pending sign-in and this browser."""
    now = timezone.now()
    if not mailed_codes.can_mail(pending.user):
        return redirect("anomalies:verify")
    key = browsers.key_of(request, pending.user.pk)
    mailed_codes.send(pending.user, subject=pending.id, browser_key=key, at=now)
    messages.info(request, _("A code is on its way to the address of your account."))
    return redirect("anomalies:mail")


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("code")
@throttle("verify", "60/m")
@stopped(Decision.VERIFY)
def mail(request: HttpRequest, pending: PendingSignIn, attempt: LoginAttempt) -> HttpResponse:
    """Type the mailed code."""
    now, form = timezone.now(), CodeForm(request.POST or None)
    row = mailed_codes.waiting(pending.id, at=now)
    if row is None and request.method != "POST":
        return redirect("anomalies:verify")
    if request.method == "POST" and form.is_valid() and _redeem(request, pending, form):
        return redirect(signin.advance(request, at=timezone.now()))
    row = mailed_codes.waiting(pending.id, at=now)
    context = {"form": form, "row": row}
    return render(request, "anomalies/mail.html", context, status=422 if form.errors else 200)


@login_not_required
@require_POST
@throttle("verify", "60/m")
@stopped(Decision.VERIFY)
def hold(request: HttpRequest, pending: PendingSignIn, attempt: LoginAttempt) -> HttpResponse:
    """None of the further proofs is at hand: an operator decides. No time lets this one in."""
    grants.hold(attempt, pending.user, opens_by_itself=False, at=timezone.now())
    checking.set_aside(attempt, at=timezone.now())
    return redirect("anomalies:held")


@login_not_required
@require_safe
@stopped(Decision.HOLD)
def held(request: HttpRequest, pending: PendingSignIn, attempt: LoginAttempt) -> HttpResponse:
    """What a held sign-in waits for."""
    row = grants.of_browser(pending.user, attempt.browser_key, at=timezone.now())
    context = {
        "grant": row,
        "hours": settings.ANOMALIES_HOLD_HOURS,
        "days": grants.LASTS.days,
    }
    return render(request, "anomalies/held.html", context)


@login_not_required
@require_safe
@stopped(Decision.BLOCK)
def blocked(request: HttpRequest, pending: PendingSignIn, attempt: LoginAttempt) -> HttpResponse:
    return render(request, "anomalies/blocked.html", status=403)


@login_not_required
@require_safe
@stopped(Decision.BLOCK)
def new_password(
    request: HttpRequest, pending: PendingSignIn, attempt: LoginAttempt
) -> HttpResponse:
    """The account is closed until its password is a new one."""
    if not demands.is_open(pending.user):
        return redirect("accounts:second-factor")
    context = {
        "has_password": pending.user.has_usable_password(),
        "sends_mail": settings.MAIL_IS_CONFIGURED,
    }
    return render(request, "anomalies/new_password.html", context, status=403)


def _redeem(request: HttpRequest, pending: PendingSignIn, form: CodeForm) -> bool:
    now, user = timezone.now(), pending.user
    try:
        factors.claim_attempt(request, user, at=now)
        mailed_codes.redeem(
            user,
            subject=pending.id,
            browser_key=browsers.key_of(request, user.pk),
            typed=form.cleaned_data["code"],
            at=now,
        )
    except allowances.Spent as spent:
        when = timezone.localtime(spent.retry_at).strftime("%H:%M")
        form.add_error(
            "code", _("Too many codes were tried. Try again after %(when)s.") % {"when": when}
        )
        return False
    except mailed_codes.CodeRefused:
        factors.report_failure(request, user, factor=mailed_codes.MAIL, at=now)
        form.add_error("code", _("This is not the code, or it works no more. Ask for a new one."))
        return False
    audit.record(events.SIGN_IN_VERIFIED, user=user.pk, facts={"factor": mailed_codes.MAIL}, at=now)
    attempt = LoginAttempt.objects.get(pending_id=pending.id)
    recording.change(attempt, further=mailed_codes.MAIL)
    return True

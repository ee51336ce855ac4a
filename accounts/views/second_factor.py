from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import confirmation, factors, policy, signin
from accounts.views.account import current_user


@login_not_required
@require_safe
def second_factor(request: HttpRequest) -> HttpResponse:
    """Where a pending sign-in goes on: the page of the preferred factor, or the way in."""
    try:
        return redirect(signin.advance(request, at=timezone.now()))
    except signin.PendingGone:
        return start_again(request)
    except factors.ProofRefused:
        return show_again(request)


def show_again(request: HttpRequest) -> HttpResponse:
    """What was shown was used at the same moment elsewhere; something else may be shown."""
    signin.drop_proofs(request, at=timezone.now())
    messages.warning(request, _("What you showed was used already. Please show something else."))
    return redirect("accounts:second-factor")


def start_again(request: HttpRequest) -> HttpResponse:
    """For every factor's page: the pending sign-in has expired or was completed."""
    messages.warning(request, _("This sign-in took too long. Please start again."))
    return redirect("accounts:sign-in")


@require_safe
def enrol(request: HttpRequest) -> HttpResponse:
    """Choose a second factor to add; the only page left when the time of grace is over.

    Somebody who came in by a backup sign-in code may also show one that they still have.
    """
    user, now = current_user(request), timezone.now()
    if factors.is_resting(request):
        return render(request, "accounts/reset/resting.html", {"until": user.restricted_until})
    is_restricted = factors.owes_factor(request)
    if factors.count(user) > 0 and not is_restricted:
        # Added in another browser: this session may go on as well.
        request.session[factors.HAS_FACTOR] = True
        return redirect("accounts:security")
    context = {
        "ways": list(factors.enrolment_ways()),
        "is_forced": policy.is_due(user, at=now) and not request.session.get(factors.HAS_FACTOR),
        "is_restricted": is_restricted,
        "kept": confirmation.ways(user, but="password") if is_restricted else [],
        "query": urlencode({"next": resolve_url("accounts:security")}),
    }
    return render(request, "accounts/enrol.html", context)

"""A user's own sign-ins, and what they say and choose about them."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import factors
from accounts.decorators import confirmed_recently
from accounts.views.account import current_user
from anomalies import alerts, browsers, history, mailed_codes, settling, worldmap
from anomalies.forms import CodeForm, CountryForm, DenyForm
from anomalies.models import LoginAttempt, Mute
from anomalies.outcome import ATTEMPT
from audit import events
from audit import services as audit
from core import allowances

PER_PAGE = 20


@require_safe
def sign_ins(request: HttpRequest) -> HttpResponse:
    """The history with a map, trusted places and muted sources."""
    return _list(request, CountryForm())


@require_safe
def sign_in(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """One sign-in: where, how, why it was found unusual, and whose it was."""
    attempt = own(request, attempt_id)
    context = {
        "attempt": attempt,
        "points": worldmap.points([attempt]),
        "result": alerts.result(attempt),
        "is_current": request.session.get(ATTEMPT) == str(attempt.pk),
        "is_muted": Mute.objects.filter(
            user=current_user(request), network=attempt.network, browser=attempt.browser
        ).exists(),
    }
    return render(request, "anomalies/sign_in.html", context)


@confirmed_recently
@require_POST
def was_me(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    attempt = own(request, attempt_id)
    try:
        settling.it_was_me(current_user(request), attempt, at=timezone.now())
        messages.info(request, _("Noted. Sign-ins from there are less unusual from now on."))
    except settling.SettledAlready:
        messages.warning(request, _("You have said already whose this sign-in was."))
    return redirect("anomalies:sign-in", attempt_id=attempt_id)


@confirmed_recently
@require_http_methods(["GET", "HEAD", "POST"])
def not_me(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """“This wasn't me”: say what follows, then do it."""
    attempt = own(request, attempt_id)
    form = DenyForm(request.POST if request.method == "POST" else None)
    user, now = current_user(request), timezone.now()
    if request.method == "POST" and form.is_valid():
        drops_codes = form.cleaned_data["drops_codes"]
        try:
            is_demanded = settling.it_was_not_me(
                request, user, attempt, drops_codes=drops_codes, at=now
            )
        except settling.SettledAlready:
            messages.warning(request, _("You have said already whose this sign-in was."))
            return redirect("anomalies:sign-in", attempt_id=attempt_id)
        if is_demanded:
            messages.warning(
                request, _("All other sessions have ended. Now choose a new password.")
            )
            return redirect("accounts:password")
        messages.info(request, _("All other sessions have ended. The operators look into it."))
        return redirect("anomalies:sign-ins")
    context = {
        "attempt": attempt,
        "form": form,
        "has_password": user.has_usable_password(),
        "has_factor": factors.count(user) > 0,
    }
    return render(request, "anomalies/not_me.html", context)


@confirmed_recently
@require_POST
def trust_place(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    attempt = own(request, attempt_id)
    try:
        place = history.trust_place_of(current_user(request), attempt, at=timezone.now())
        messages.info(
            request, _("%(place)s is a trusted place now.") % {"place": history.name_of(place)}
        )
    except history.NoPlace:
        messages.warning(request, _("The place of this sign-in is not known."))
    except history.TooManyPlaces:
        messages.warning(request, _("You trust twenty places. Remove one first."))
    return redirect("anomalies:sign-in", attempt_id=attempt_id)


@confirmed_recently
@require_POST
def trust_country(request: HttpRequest) -> HttpResponse:
    form = CountryForm(request.POST)
    if not form.is_valid():
        return _list(request, form)
    try:
        history.trust_country(
            current_user(request), form.cleaned_data["country"], at=timezone.now()
        )
        messages.info(request, _("The country is a trusted place now."))
    except history.TooManyPlaces:
        messages.warning(request, _("You trust twenty places. Remove one first."))
    return redirect("anomalies:sign-ins")


@confirmed_recently
@require_POST
def distrust(request: HttpRequest, place_id: UUID) -> HttpResponse:
    if not history.distrust(current_user(request), place_id, at=timezone.now()):
        raise Http404
    messages.info(request, _("The place is not trusted any more."))
    return redirect("anomalies:sign-ins")


@confirmed_recently
@require_POST
def mute(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    attempt = own(request, attempt_id)
    history.mute(current_user(request), attempt, at=timezone.now())
    messages.info(request, _("You are told no more of low and medium findings from this source."))
    return redirect("anomalies:sign-in", attempt_id=attempt_id)


@confirmed_recently
@require_POST
def unmute(request: HttpRequest, mute_id: UUID) -> HttpResponse:
    if not history.unmute(current_user(request), mute_id, at=timezone.now()):
        raise Http404
    messages.info(request, _("You are told of sign-ins from this source again."))
    return redirect("anomalies:sign-ins")


@confirmed_recently
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("code")
def prove_address(request: HttpRequest) -> HttpResponse:
    """Prove the address of the account, so that a code can be mailed there one day."""
    user, now = current_user(request), timezone.now()
    key = browsers.key_of(request, user.pk)
    form = CodeForm(request.POST if "code" in request.POST else None)
    if request.method == "POST" and "code" not in request.POST:
        mailed_codes.send(user, subject=user.pk, browser_key=key, at=now)
        messages.info(request, _("A code is on its way to the address of your account."))
        return redirect("anomalies:address")
    if form.is_valid():
        typed = form.cleaned_data["code"]
        try:
            factors.claim_attempt(request, user, at=now)
            mailed_codes.redeem(user, subject=user.pk, browser_key=key, typed=typed, at=now)
            mailed_codes.note_proven(user.pk, user.email, at=now)
            audit.record(events.ADDRESS_PROVEN, user=user.pk, at=now)
            messages.info(request, _("Your address is proven."))
            return redirect("anomalies:sign-ins")
        except allowances.Spent:
            form.add_error("code", _("Too many codes were tried. Try again in an hour."))
        except mailed_codes.CodeRefused:
            form.add_error(
                "code", _("This is not the code, or it works no more. Ask for a new one.")
            )
    context = {
        "form": form,
        "is_waiting": mailed_codes.waiting(user.pk, at=now) is not None,
        "is_proven": mailed_codes.is_proven(user),
    }
    status = 422 if form.errors else 200
    return render(request, "anomalies/address.html", context, status=status)


def own(request: HttpRequest, attempt_id: UUID) -> LoginAttempt:
    """The user's own attempt; somebody else's is not there, and asking for it is recorded."""
    user = current_user(request)
    row = LoginAttempt.objects.for_owner(user).filter(pk=attempt_id).first()
    if row is None:
        if LoginAttempt.objects.filter(pk=attempt_id).exists():
            audit.record_foreign_object(user, "sign-in")
        raise Http404
    return row


def _list(request: HttpRequest, form: CountryForm) -> HttpResponse:
    user, now = current_user(request), timezone.now()
    page = Paginator(history.attempts(user), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "points": worldmap.points(history.for_map(user, at=now)),
        "current": request.session.get(ATTEMPT, ""),
        "places": history.trusted_places(user),
        "mutes": Mute.objects.filter(user=user).order_by("created_at"),
        "form": form,
        "is_evaluated": history.is_evaluated(at=now),
        "is_address_proven": mailed_codes.is_proven(user),
    }
    status = 422 if form.errors else 200
    return render(request, "anomalies/sign_ins.html", context, status=status)

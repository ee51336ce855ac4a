"""Pages that show a button, and JSON addresses that their scripts talk to."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import confirmation, factors, policy, signin
from accounts.decorators import confirmed_recently
from accounts.models import Passkey
from accounts.oidc import policy as sso
from accounts.passkeys import answers
from accounts.passkeys import services as passkeys
from accounts.passkeys.forms import NameForm
from accounts.passkeys.relying_party import CONFIRM, FACTOR, SIGN_IN, ChallengeGone
from accounts.slots import services as slots
from accounts.views.account import current_user
from accounts.views.second_factor import start_again
from accounts.views.sign_in import way_back
from audit import events
from audit import services as audit
from core.throttle import throttle
from keyslots import crypto
from keyslots import services as keyslots

LONGEST_BODY = 64 * 1024
View = Callable[..., HttpResponse]


class NotJson(Exception):
    """The body is no JSON object of a size that an authenticator's answer has."""


def answered_in_json(view: View) -> View:
    """Refusals as JSON with a sentence; a body with a PRF result is refused and recorded."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except answers.PrfResultPosted:
            audit.record(events.PRF_RESULT_REFUSED, user=request.user, at=timezone.now())
            return _refusal(_("The request holds a key that must stay in the browser."))
        except passkeys.TooManyPasskeys:
            return _refusal(_("You have twenty passkeys. Remove one first."))
        except signin.PendingGone:
            return _refusal(_("This sign-in took too long. Please start again."))
        except sso.SingleSignOnOnly:
            return _refusal(_("This site lets you in through its sign-in service only."))
        except NotJson:
            user = request.user if request.user.is_authenticated else None
            facts = {"factor": "passkey", "reason": "passkey malformed"}
            audit.record_refusal(events.FACTOR_REFUSED, user=user, facts=facts, at=timezone.now())
            return _refusal(_("This passkey was not accepted. Please try once more."))
        except (answers.PasskeyRefused, ChallengeGone, signin.WrongPassword):
            return _refusal(_("This passkey was not accepted. Please try once more."))

    return answered


@login_not_required
@require_POST
@throttle("passkey", "60/m")
@answered_in_json
def sign_in_options(request: HttpRequest) -> HttpResponse:
    """Options for a sign-in with nothing but a passkey; the same for everybody."""
    now = timezone.now()
    sso.ask_for_own_way(request, at=now)
    return JsonResponse(passkeys.request_options(request, SIGN_IN, user=None, at=now))


@login_not_required
@require_POST
@throttle("passkey", "60/m")
@answered_in_json
def sign_in(request: HttpRequest) -> HttpResponse:
    """A complete sign-in: the passkey proves who it is and that it was unlocked."""
    now, body = timezone.now(), posted(request)
    sso.ask_for_own_way(request, at=now)
    row = passkeys.judge(request, SIGN_IN, body.get("credential"), user=None, at=now)
    sso.break_glass(row.user, at=now)
    signin.begin(
        request,
        row.user,
        amr="passkey",
        next_url=way_back(request, str(body.get("next") or "")),
        at=now,
    )
    return JsonResponse({"next": signin.advance(request, at=now), "email": row.user.email})


@login_not_required
@require_safe
def present(request: HttpRequest) -> HttpResponse:
    """The passkey of a pending sign-in."""
    try:
        row = signin.pending(request, at=timezone.now())
    except signin.PendingGone:
        return start_again(request)
    context = {
        "ways": factors.other_ways(row.user, but="passkey"),
        "options_url": reverse("accounts:passkey-present-options"),
        "answer_url": reverse("accounts:passkey-present-answer"),
    }
    return render(request, "accounts/passkeys/present.html", context)


@login_not_required
@require_POST
@throttle("passkey", "60/m")
@answered_in_json
def present_options(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    user = signin.pending(request, at=now).user
    return JsonResponse(passkeys.request_options(request, FACTOR, user=user, at=now))


@login_not_required
@require_POST
@throttle("passkey", "60/m")
@answered_in_json
def present_answer(request: HttpRequest) -> HttpResponse:
    now, body = timezone.now(), posted(request)
    user = signin.pending(request, at=now).user
    row = passkeys.judge(request, FACTOR, body.get("credential"), user=user, at=now)
    proof = factors.Proof(factor="passkey", reference=str(row.pk), amr="passkey")
    signin.add_proof(request, proof, at=now)
    return JsonResponse({"next": signin.advance(request, at=now)})


@require_safe
def confirm(request: HttpRequest) -> HttpResponse:
    user = current_user(request)
    context = {
        "ways": confirmation.ways(user, but="passkey"),
        "next": way_back(request),
        "query": urlencode({"next": way_back(request)}),
    }
    return render(request, "accounts/passkeys/confirm.html", context)


@require_POST
@throttle("passkey", "60/m")
@answered_in_json
def confirm_options(request: HttpRequest) -> HttpResponse:
    now, user = timezone.now(), current_user(request)
    return JsonResponse(passkeys.request_options(request, CONFIRM, user=user, at=now))


@require_POST
@throttle("passkey", "60/m")
@answered_in_json
def confirm_answer(request: HttpRequest) -> HttpResponse:
    now, user, body = timezone.now(), current_user(request), posted(request)
    passkeys.judge(request, CONFIRM, body.get("credential"), user=user, at=now)
    confirmation.record(request, user, amr="passkey", at=now)
    return JsonResponse({"next": way_back(request, str(body.get("next") or ""))})


@confirmed_recently
@require_safe
def enrol(request: HttpRequest) -> HttpResponse:
    context = slots.opening(current_user(request))
    return render(request, "accounts/passkeys/enrol.html", context)


@confirmed_recently
@require_POST
@answered_in_json
def enrol_options(request: HttpRequest) -> HttpResponse:
    opens_notes = posted(request).get("opens_notes") is True
    return JsonResponse(
        passkeys.enrolment_options(
            request, current_user(request), opens_notes=opens_notes, at=timezone.now()
        )
    )


@confirmed_recently
@require_POST
@answered_in_json
def enrol_answer(request: HttpRequest) -> HttpResponse:
    body = posted(request)
    row, next_url = passkeys.enrol(
        request,
        current_user(request),
        body.get("credential"),
        name=str(body.get("name") or "")[:60].strip(),
        at=timezone.now(),
    )
    messages.info(request, _("The passkey is added. You can sign in with it alone."))
    slot_url = reverse("accounts:passkey-slot", args=[row.pk])
    return JsonResponse({"next": next_url, "id": str(row.pk), "slot_url": slot_url})


@confirmed_recently
@require_POST
@answered_in_json
def add_slot(request: HttpRequest, passkey_id: UUID) -> HttpResponse:
    """The slot of the vault key that this passkey opens, wrapped by the browser."""
    _own(request, passkey_id)
    body, user = posted(request), current_user(request)
    try:
        slot = crypto.parse_slot(body.get("slot"))
        older = crypto.parse_slot(body["older"]) if body.get("older") else None
        passkeys.add_slot(user, passkey_id, slot, older=older, at=timezone.now())
    except (crypto.KeyslotRefusal, keyslots.SlotRefused):
        return _refusal(_("The passkey works, but it could not be made to open your notes."))
    return JsonResponse({"kept": True})


@confirmed_recently
@require_safe
def open_notes(request: HttpRequest, passkey_id: UUID) -> HttpResponse:
    """Let a passkey that is here already open the notes; its script posts to `add_slot`."""
    row, user = _own(request, passkey_id), current_user(request)
    current = keyslots.current_vault_key(user.pk)
    if current is None or (row.slot and row.slot.vault_key_id == current.id):
        return redirect("accounts:keys")
    context = {
        **slots.opening(user),
        "passkey": row,
        "described": passkeys.described(row),
        "former": keyslots.content(row.slot).as_wire() if row.slot else None,
    }
    return render(request, "accounts/passkeys/open_notes.html", context)


@confirmed_recently
@require_http_methods(["GET", "HEAD", "POST"])
def rename(request: HttpRequest, passkey_id: UUID) -> HttpResponse:
    row = _own(request, passkey_id)
    form = NameForm(request.POST or None, initial={"name": row.name})
    if request.method == "POST" and form.is_valid():
        passkeys.rename(current_user(request), passkey_id, form.cleaned_data["name"])
        return redirect("accounts:security")
    status = 422 if form.errors else 200
    return render(request, "accounts/totp/rename.html", {"form": form}, status=status)


@confirmed_recently
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, passkey_id: UUID) -> HttpResponse:
    """Ask, then remove; the last factor is asked about in words of its own."""
    user, row = current_user(request), _own(request, passkey_id)
    try:
        policy.ask_to_remove(user)
    except policy.LastFactorNeeded:
        messages.warning(request, _("This site asks you for a second factor. Add another first."))
        return redirect("accounts:security")
    if request.method == "POST":
        if passkeys.remove(request, user, passkey_id, at=timezone.now()):
            messages.info(request, _("The passkey is removed here. Delete it in your app too."))
        return redirect("accounts:security")
    context = {"passkey": row, "is_last": factors.count(user) == 1}
    return render(request, "accounts/passkeys/remove.html", context)


def posted(request: HttpRequest) -> dict[str, Any]:
    try:
        body = json.loads(request.body) if len(request.body) <= LONGEST_BODY else None
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise NotJson
    answers.refuse_prf_result(body)
    return body


def _own(request: HttpRequest, passkey_id: UUID) -> Passkey:
    return get_object_or_404(Passkey, user=current_user(request), pk=passkey_id)


def _refusal(sentence: str) -> JsonResponse:
    return JsonResponse({"error": sentence}, status=400)

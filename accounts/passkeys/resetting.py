"""A passkey on the way to a new password, where it is forgotten."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts import factors
from accounts.passkeys import services as passkeys
from accounts.passkeys.relying_party import RESET, ChallengeGone
from accounts.passkeys.views import answered_in_json, posted
from accounts.reset import services as reset
from core.throttle import throttle


@login_not_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    try:
        row = reset.pending(request, at=now)
    except reset.LinkNotValid:
        return redirect("accounts:reset-password")
    if now < row.usable_from:
        return redirect("accounts:reset-password")
    ways = [way for way in reset.proofs(row.user) if way.url != request.path]
    context = {
        "ways": ways,
        "options_url": reverse("accounts:passkey-reset-options"),
        "answer_url": reverse("accounts:passkey-reset-answer"),
    }
    return render(request, "accounts/passkeys/present.html", context)


@login_not_required
@require_POST
@throttle("passkey", "60/m")
@answered_in_json
def options(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    try:
        user = reset.pending(request, at=now).user
    except reset.LinkNotValid:
        raise ChallengeGone from None
    return JsonResponse(passkeys.request_options(request, RESET, user=user, at=now))


@login_not_required
@require_POST
@throttle("passkey", "60/m")
@answered_in_json
def answer(request: HttpRequest) -> HttpResponse:
    now, body = timezone.now(), posted(request)
    try:
        user = reset.pending(request, at=now).user
        row = passkeys.judge(request, RESET, body.get("credential"), user=user, at=now)
        proof = factors.Proof(factor="passkey", reference=str(row.pk), amr="passkey")
        reset.add_proof(request, proof, at=now)
    except reset.LinkNotValid:
        raise ChallengeGone from None
    return JsonResponse({"next": reverse("accounts:reset-password")})

from __future__ import annotations

from datetime import timedelta
from typing import cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import sign_up
from accounts.decorators import permitted
from accounts.forms import InvitationForm
from accounts.models import SignUpToken, User
from core import allowances

# Each of them is a mail to somebody who did not ask for one.
PER_HOUR = 30


@permitted("accounts.add_signuptoken")
@require_http_methods(["GET", "HEAD", "POST"])
def invitations(request: HttpRequest) -> HttpResponse:
    """Invite somebody, and see who has not come yet. A new link is shown in one answer only."""
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        link = _invite(request, form)
        if link:
            email = form.cleaned_data["email"]
            return _page(request, InvitationForm(), link=link, invited=email)
    return _page(request, form)


@permitted("accounts.add_signuptoken")
@require_POST
def withdraw(request: HttpRequest, token_id: UUID) -> HttpResponse:
    try:
        sign_up.withdraw(token_id, by=cast(User, request.user), at=timezone.now())
        messages.info(request, _("The invitation is withdrawn. Its link no longer works."))
    except sign_up.LinkNotValid:
        messages.warning(request, _("This invitation was used or has expired already."))
    return redirect("accounts:invitations")


def _invite(request: HttpRequest, form: InvitationForm) -> str | None:
    operator, now = cast(User, request.user), timezone.now()
    try:
        allowances.claim(
            "invitation", str(operator.pk), limit=PER_HOUR, per=timedelta(hours=1), at=now
        )
        return sign_up.invite(
            email=form.cleaned_data["email"],
            makes_operator=form.cleaned_data["makes_operator"],
            invited_by=operator,
            at=now,
        )
    except allowances.Spent as spent:
        when = timezone.localtime(spent.retry_at).strftime("%H:%M")
        form.add_error(
            None,
            _("You have invited many people within an hour. Go on after %(when)s.")
            % {"when": when},
        )
    except sign_up.AddressTaken:
        form.add_error("email", _("Somebody has an account with this address already."))
    except sign_up.SignUpClosed:
        form.add_error(None, _("This site takes no new people (SIGN_UP=closed)."))
    return None


def _page(
    request: HttpRequest, form: InvitationForm, *, link: str = "", invited: str = ""
) -> HttpResponse:
    open_ones = SignUpToken.open(at=timezone.now()).exclude(origin=SignUpToken.Origin.OPEN)
    context = {
        "form": form,
        "link": link,
        "invited": invited,
        "is_mailed": settings.MAIL_IS_CONFIGURED,
        "tokens": open_ones.select_related("invited_by").order_by("-created_at"),
    }
    return render(request, "accounts/invitations.html", context, status=422 if form.errors else 200)

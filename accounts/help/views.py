from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.help import services as factor_help
from accounts.views.account import current_user


@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    """The owner of the factors keeps them. Asks for nothing more: it takes nothing away."""
    user = current_user(request)
    row = factor_help.waiting(user)
    try:
        if row is None:
            raise factor_help.ResetClosed
        factor_help.stop(row.pk, by=user, at=timezone.now())
        messages.info(
            request,
            _("Your second factors stay. If you did not ask for help, change your password."),
        )
    except factor_help.ResetClosed:
        messages.warning(request, _("There was nothing to stop any more."))
    return redirect("accounts:security")

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.display import services as display
from accounts.display.forms import DisplayForm
from accounts.views.account import current_user, own_profile_form, profile_page


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """The second form of the settings page."""
    user = current_user(request)
    form = DisplayForm(request.POST, user=user)
    if not form.is_valid():
        return profile_page(request, own_profile_form(user), display=form)
    display.choose(user, form.cleaned_data, at=timezone.now())
    messages.info(request, _("Your choice is saved."))
    return redirect("accounts:profile")

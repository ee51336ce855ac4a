from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.decorators import ask_to_confirm
from accounts.middleware import BACKGROUND
from accounts.models import User
from anomalies import browsers, jumps
from anomalies.settling import MUST_CHANGE

GetResponse = Callable[[HttpRequest], HttpResponse]
# The ways to confirm that it is you, and the way out.
OPEN = ("accounts:confirm", "accounts:totp-confirm", "accounts:passkey-confirm", "accounts:oidc-")
# What is open to somebody whose password has to be a new one.
OPEN_WITHOUT_PASSWORD = (*OPEN, "accounts:password", "accounts:keys-")


class SignInWatch:
    """Knows browsers again, and asks who it is when a session turns up impossibly far away."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        browsers.keep(request, response)
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        user = request.user
        if not isinstance(user, User) or not getattr(view, "login_required", True):
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        is_background = request.headers.get(BACKGROUND) == "1"
        if not name.startswith(OPEN) and jumps.must_confirm(
            request, user, is_background=is_background, at=timezone.now()
        ):
            return _ask(request, is_background=is_background)
        return self._demand_password(request, user, name, is_background=is_background)

    def _demand_password(
        self, request: HttpRequest, user: User, name: str, *, is_background: bool
    ) -> HttpResponse | None:
        version = request.session.get(MUST_CHANGE)
        if version is None:
            return None
        if version != user.credentials_version:
            del request.session[MUST_CHANGE]
            return None
        if name.startswith(OPEN_WITHOUT_PASSWORD):
            return None
        if is_background:
            return JsonResponse({"needs_new_password": True}, status=403)
        return redirect("accounts:password")


def _ask(request: HttpRequest, *, is_background: bool) -> HttpResponse:
    if is_background:
        return JsonResponse({"needs_confirmation": True}, status=403)
    messages.warning(
        request, _("You seem to be somewhere else all of a sudden. Confirm that it is you.")
    )
    is_page = request.method in {"GET", "HEAD"}
    return ask_to_confirm(request.get_full_path() if is_page else reverse("vault:list"))

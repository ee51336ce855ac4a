from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from accounts import confirmation, factors

View = Callable[..., HttpResponse]
Wrapped = TypeVar("Wrapped", bound=Callable[..., HttpResponseBase])


# What a session that came in by a backup sign-in code may do all the same: add a factor.
ENROLMENT = ("accounts:totp-enrol", "accounts:passkey-enrol")
# And on the day after a reset without a factor: open notes with what only the owner has.
OPEN_TO_RESTING = ("accounts:keys", "accounts:keys-former")


def confirmed_recently(view: View) -> View:
    """Ask "confirm it's you" first when the last proof is older than five minutes.

    A restricted session is led to the page that says why, and where a second factor is shown or
    added; until then nothing that asks for a confirmation is open to it.
    """

    @functools.wraps(view)
    def confirmed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if factors.is_restricted(request) and not _is_open_to_restricted(request):
            return redirect("accounts:enrol")
        if confirmation.is_fresh(request, at=timezone.now()):
            return view(request, *args, **kwargs)
        # A post cannot be repeated after a redirect; its page can be opened again.
        back = request.get_full_path() if request.method == "GET" else _page_of(request)
        return ask_to_confirm(back)

    return confirmed


def ask_to_confirm(back: str) -> HttpResponse:
    return redirect(f"{reverse('accounts:confirm')}?{urlencode({'next': back})}")


def permitted(*names: str) -> Callable[[Wrapped], Wrapped]:
    """Only for people whose role has all these permissions; others are told 403."""

    def decorate(view: Wrapped) -> Wrapped:
        @functools.wraps(view)
        def permitted_view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.has_perms(names):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return cast(Wrapped, permitted_view)

    return decorate


def _is_open_to_restricted(request: HttpRequest) -> bool:
    match = request.resolver_match
    if match is None:
        return False
    if factors.is_resting(request):
        return match.view_name in OPEN_TO_RESTING
    return match.view_name.startswith(ENROLMENT)


def _page_of(request: HttpRequest) -> str:
    return str(request.POST.get("back") or reverse("vault:list"))

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from accounts import confirmation

View = Callable[..., HttpResponse]


def confirmed_recently(view: View) -> View:
    """Ask "confirm it's you" first when the last proof is older than five minutes."""

    @functools.wraps(view)
    def confirmed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if confirmation.is_fresh(request, at=timezone.now()):
            return view(request, *args, **kwargs)
        # A post cannot be repeated after a redirect; its page can be opened again.
        back = request.get_full_path() if request.method == "GET" else _page_of(request)
        return ask_to_confirm(back)

    return confirmed


def ask_to_confirm(back: str) -> HttpResponse:
    return redirect(f"{reverse('accounts:confirm')}?{urlencode({'next': back})}")


def operator_required(view: View) -> View:
    """Only for operators; others are told 403."""

    @functools.wraps(view)
    def operated(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not getattr(request.user, "is_staff", False):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return operated


def _page_of(request: HttpRequest) -> str:
    return str(request.POST.get("back") or reverse("vault:list"))

from __future__ import annotations

from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, JsonResponse

BACKGROUND = "X-Background"


class LoginRequired(LoginRequiredMiddleware):
    """Everything needs a session but what is marked public; a page's own request is told 401."""

    def handle_no_permission(  # type: ignore[override]
        self, request: HttpRequest, view_func: Any
    ) -> HttpResponse:
        if request.headers.get(BACKGROUND) == "1":
            return JsonResponse({"signed_in": False}, status=401)
        return super().handle_no_permission(request, view_func)

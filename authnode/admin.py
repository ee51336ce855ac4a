from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.contrib import admin, messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from accounts import confirmation, factors
from accounts.decorators import ask_to_confirm
from accounts.middleware import SAFE_METHODS
from accounts.views.account import current_user
from authnode import overview

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class OperatorSite(admin.AdminSite):
    """The administration. It has no sign-in and no password form of its own."""

    site_header = _("AuthNode administration")
    site_title = _("AuthNode administration")
    index_title = _("Overview")
    enable_nav_sidebar = True

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        found = overview.gather(request.user, at=timezone.now())
        return super().index(request, {**(extra_context or {}), "overview": found})

    def has_permission(self, request: HttpRequest) -> bool:
        """Operators only, and only with a second factor shown in this session."""
        return super().has_permission(request) and factors.is_proven(request)

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Every write asks "confirm it's you" when the last proof is older than five minutes."""
        inner = super().admin_view(view, cacheable)

        @functools.wraps(view)
        def confirmed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            is_write = request.method not in SAFE_METHODS and self.has_permission(request)
            if is_write and not confirmation.is_fresh(
                request, at=timezone.now(), within=confirmation.FRESH_FOR_ADMIN
            ):
                messages.warning(request, _("Nothing was saved: confirm that it is you first."))
                return ask_to_confirm(request.get_full_path())
            return inner(request, *args, **kwargs)

        return cast(View, confirmed)

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """A raw password posted here would defeat the password split; the site's page asks."""
        back = request.GET.get("next") or reverse("admin:index")
        if request.user.is_authenticated:
            return self._let_in(request, back)
        query = urlencode({"next": back})
        return redirect(f"{reverse('accounts:sign-in')}?{query}")

    def _let_in(self, request: HttpRequest, back: str) -> HttpResponse:
        """For somebody who is signed in and not let in; the sign-in page would go in circles."""
        user = current_user(request)
        if not user.is_staff:
            return redirect("vault:list")
        proofs = [f for f in factors.enrolled(user) if f.confirm_url_name]
        if not proofs:
            messages.warning(request, _("The administration needs a second factor. Add one first."))
            return redirect("accounts:enrol")
        return redirect(f"{reverse(proofs[0].confirm_url_name)}?{urlencode({'next': back})}")

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        return redirect("accounts:password")

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.contrib import admin, messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from accounts import confirmation
from accounts.decorators import ask_to_confirm

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class OperatorSite(admin.AdminSite):
    """The administration. It has no sign-in and no password form of its own."""

    site_header = _("AuthNode administration")
    site_title = _("AuthNode administration")
    index_title = _("Overview")
    enable_nav_sidebar = True

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Every write asks "confirm it's you" when the last proof is older than five minutes."""
        inner = super().admin_view(view, cacheable)

        @functools.wraps(view)
        def confirmed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            is_write = request.method == "POST" and self.has_permission(request)
            if is_write and not confirmation.is_fresh(request, at=timezone.now()):
                messages.warning(request, _("Nothing was saved: confirm that it is you first."))
                return ask_to_confirm(request.get_full_path())
            return inner(request, *args, **kwargs)

        return cast(View, confirmed)

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """A raw password posted here would defeat the password split; the site's page asks."""
        if request.user.is_authenticated:
            # Signed in and not let in: sending the person back to the sign-in would go in circles.
            return redirect("vault:list")
        query = urlencode({"next": request.GET.get("next") or reverse("admin:index")})
        return redirect(f"{reverse('accounts:sign-in')}?{query}")

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        return redirect("accounts:password")

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _


class OperatorSite(admin.AdminSite):
    """The administration. It has no sign-in and no password form of its own."""

    site_header = _("AuthNode administration")
    site_title = _("AuthNode administration")
    index_title = _("Overview")
    enable_nav_sidebar = True

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """A raw password posted here would defeat the password split; the site's page asks."""
        if request.user.is_authenticated:
            # Signed in and not let in: sending the person back to the sign-in would go in circles.
            return redirect("vault:list")
        query = urlencode({"next": request.GET.get("next") or reverse("admin:index")})
        return redirect(f"{reverse('accounts:sign-in')}?{query}")

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return redirect("accounts:password")

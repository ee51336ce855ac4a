from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.decorators import permitted
from accounts.lockouts import services as lockouts
from accounts.models import LockedSignIn
from accounts.views.account import current_user


@admin.register(LockedSignIn)
class LockedSignInAdmin(admin.ModelAdmin):
    """One page: who is locked out, and a button. Rows are not shown one by one."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        seen, helped = permitted("accounts.view_lockedsignin"), permitted("accounts.unlock_signin")
        return [
            path("", wrap(seen(self.changelist_view)), name="accounts_lockedsignin_changelist"),
            path(
                "unlock/",
                wrap(helped(require_POST(self.unlock))),
                name="accounts_lockedsignin_unlock",
            ),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        now, wanted = timezone.now(), request.GET.get("q", "").strip().lower()[:255]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Locked sign-ins"),
            "opts": self.opts,
            "may_unlock": request.user.has_perm("accounts.unlock_signin"),
            "locks": [
                (lock, int((lock.until - now).total_seconds()))
                for lock in lockouts.locked(at=now)
                if wanted in lock.address.lower() or wanted in lock.network
            ],
            "wanted": wanted,
        }
        return TemplateResponse(request, "admin/accounts/lockedsignin/change_list.html", context)

    def unlock(self, request: HttpRequest) -> HttpResponse:
        is_unlocked = lockouts.unlock(
            address=request.POST.get("address", "")[:255],
            network=request.POST.get("network", "")[:45],
            by=current_user(request),
            at=timezone.now(),
        )
        if is_unlocked:
            messages.info(request, _("Unlocked. This address may be tried from there again."))
        else:
            messages.warning(request, _("This sign-in was not locked any more."))
        return redirect("admin:accounts_lockedsignin_changelist")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

"""The help for locked-out people, as part of a user's page in the administration."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import permitted
from accounts.help import services as factor_help
from accounts.help.forms import ReasonForm
from accounts.models import FactorReset, User
from accounts.views.account import current_user


class FactorHelp(admin.ModelAdmin):
    """Count the second factors of people, ask for their removal, and withdraw that."""

    change_form_template = "admin/accounts/user/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        people: QuerySet[User] = super().get_queryset(request)
        return people.annotate(
            apps=Count("totpdevice", filter=Q(totpdevice__confirmed=True), distinct=True),
            keys=Count("passkeys", distinct=True),
        )

    @admin.display(description=gettext_lazy("second factors"))
    def factor_count(self, user: Any) -> int:
        return int(user.apps + user.keys)

    def get_urls(self) -> list[URLPattern]:
        wrap, needed = self.admin_site.admin_view, permitted("accounts.reset_factors")
        return [
            path(
                "<uuid:user_id>/reset-factors/",
                wrap(needed(require_http_methods(["GET", "HEAD", "POST"])(self.reset_factors))),
                name="accounts_user_reset_factors",
            ),
            path(
                "<uuid:user_id>/withdraw-reset/",
                wrap(needed(require_POST(self.withdraw_reset))),
                name="accounts_user_withdraw_reset",
            ),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        user = self.get_object(request, object_id)
        waiting = factor_help.waiting(user) if user else None
        context = {
            **(extra_context or {}),
            "factor_reset_of_user": waiting,
            "may_reset": request.user.has_perm("accounts.reset_factors"),
        }
        return super().change_view(request, object_id, form_url, context)

    def reset_factors(self, request: HttpRequest, user_id: UUID) -> HttpResponse:
        """Ask for the reason, then for the reset."""
        user = self._person(request, user_id)
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            self._request(request, user, form.cleaned_data["reason"])
            return _page_of(user)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Reset the second factors of %(email)s") % {"email": user.email},
            "opts": self.opts,
            "original": user,
            "form": form,
            "count": self.factor_count(user),
        }
        status = 422 if form.errors else 200
        name = "admin/accounts/user/reset_factors.html"
        return TemplateResponse(request, name, context, status=status)

    def withdraw_reset(self, request: HttpRequest, user_id: UUID) -> HttpResponse:
        user = self._person(request, user_id)
        row = factor_help.waiting(user)
        try:
            if row is None:
                raise factor_help.ResetClosed
            factor_help.stop(row.pk, by=current_user(request), at=timezone.now())
            self.log_change(request, user, "factor reset withdrawn")
            messages.info(request, _("The reset is withdrawn. The person is told."))
        except factor_help.ResetClosed:
            messages.warning(request, _("There was nothing to withdraw any more."))
        return _page_of(user)

    def _request(self, request: HttpRequest, user: User, reason: str) -> None:
        try:
            row = factor_help.request_reset(
                user, reason=reason, by=current_user(request), at=timezone.now()
            )
        except factor_help.NothingToReset:
            messages.warning(request, _("This person has no second factor."))
        except factor_help.NotTheirs:
            messages.warning(request, _("Only an operator may do this for somebody with a role."))
        except factor_help.ResetWaits:
            messages.warning(request, _("A reset for this person waits already."))
        else:
            self.log_change(request, user, "factor reset requested")
            when = timezone.localtime(row.effective_at).strftime("%Y-%m-%d %H:%M")
            messages.info(
                request,
                _("The person is told now. Their factors go on %(when)s, unless they stop it.")
                % {"when": when},
            )

    def _person(self, request: HttpRequest, user_id: UUID) -> Any:
        user = self.get_object(request, str(user_id))
        if user is None:
            raise Http404
        return user


class ResetStateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("waiting", _("waiting")), ("done", _("carried out")), ("stopped", _("stopped"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[FactorReset]
    ) -> QuerySet[FactorReset]:
        wanted = {
            "waiting": Q(stopped_at=None, done_at=None),
            "done": Q(done_at__isnull=False),
            "stopped": Q(stopped_at__isnull=False),
        }
        return queryset.filter(wanted.get(self.value() or "", Q()))


@admin.register(FactorReset)
class FactorResetAdmin(admin.ModelAdmin):
    """What was asked for, by whom, and what became of it. The deeds are on the person's page."""

    list_display = (
        *("user", "requested_by", "reason", "created_at"),
        *("effective_at", "stopped_at", "done_at"),
    )
    list_select_related = ("user", "requested_by")
    list_filter = (ResetStateFilter, "created_at")
    search_fields = ("user__email", "user__display_name", "reason")
    ordering = ("-created_at",)
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _page_of(user: User) -> HttpResponse:
    return redirect(reverse("admin:accounts_user_change", args=[user.pk]))

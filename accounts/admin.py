from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import SignUpToken, User


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    """People. No password, key or code is ever shown; people join by invitation only."""

    list_display = ("email", "display_name", "is_active", "is_staff", "created_at", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "display_name")
    ordering = ("email",)
    fields = ("email", "display_name", "is_active", "is_staff", "created_at", "last_login")
    readonly_fields = ("email", "display_name", "created_at", "last_login")

    def save_model(
        self, request: HttpRequest, obj: User, form: ModelForm[User], change: bool
    ) -> None:
        # One role for now: who operates the site may do everything there.
        obj.is_superuser = obj.is_staff
        super().save_model(request, obj, form, change)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


@admin.register(SignUpToken)
class SignUpTokenAdmin(admin.ModelAdmin):
    """Invitations and other sign-up links. “Add” leads to the page that shows a link once."""

    list_display = ("email", "origin", "makes_operator", "invited_by", "created_at", "expires_at")
    list_filter = ("origin", "makes_operator")
    list_select_related = ("invited_by",)
    search_fields = ("email",)
    actions = ("withdraw",)
    fields = (
        "email", "origin", "makes_operator", "invited_by",
        "created_at", "expires_at", "used_at", "withdrawn_at",
    )  # fmt: skip

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return redirect("accounts:invitations")

    def has_change_permission(self, request: HttpRequest, obj: SignUpToken | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: SignUpToken | None = None) -> bool:
        return False

    @admin.action(description=_("Withdraw the selected links"), permissions=["view"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[SignUpToken]) -> None:
        rows = SignUpToken.open(at=timezone.now()).filter(pk__in=queryset.values("pk"))
        for token in rows:
            self.log_change(request, token, "withdrawn")
        rows.update(withdrawn_at=timezone.now())

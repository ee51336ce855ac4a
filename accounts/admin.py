from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from accounts import operators, protection, signals
from accounts.help.admin import FactorHelp
from accounts.lockouts import admin as lockouts  # noqa: F401 - it registers itself
from accounts.models import SignUpToken, User


class FactorFilter(admin.SimpleListFilter):
    title = _("second factor")
    parameter_name = "factor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(protection.WITH, _("with one")), (protection.WITHOUT, _("without any"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        wanted = self.value()
        return protection.filtered(queryset, wanted) if wanted else queryset


class UserForm(ModelForm):
    """Judged inside the transaction that saves, so that the answer still holds then."""

    def clean(self) -> dict[str, Any]:
        stays = self.cleaned_data.get("is_active") and self.cleaned_data.get("is_staff")
        if not stays:
            try:
                operators.ask_to_lose(self.instance)
            except operators.LastOperator:
                raise ValidationError(
                    _("This is the only operator. Make somebody else one first.")
                ) from None
        return self.cleaned_data


@admin.register(User)
class UserAdmin(FactorHelp):
    """People. No password, key or code is ever shown; people join by invitation only."""

    form = UserForm
    list_display = (
        *("email", "display_name", "is_active", "is_staff", "factor_count"),
        *("created_at", "last_login"),
    )
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "display_name")
    ordering = ("email",)
    fields = list_display
    readonly_fields = ("email", "display_name", "factor_count", "created_at", "last_login")

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        above = [import_string(path) for path in settings.USER_FILTERS]
        return [*self.list_filter, FactorFilter, *above]

    def save_model(
        self, request: HttpRequest, obj: User, form: ModelForm[User], change: bool
    ) -> None:
        # One role for now: who operates the site may do everything there.
        obj.is_superuser = obj.is_staff
        # Only these: anything else was read before, and its owner may have changed it since.
        obj.save(update_fields=["is_active", "is_staff", "is_superuser"])
        if not obj.is_active:
            signals.credentials_changed.send(
                sender=User, user_id=obj.pk, but=None, at=timezone.now()
            )

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

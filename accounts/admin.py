from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import admin as auth_admin  # noqa: F401 - it registers the groups first
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from accounts import operators, protection, roles, signals
from accounts.help.admin import FactorHelp
from accounts.lockouts import admin as lockouts  # noqa: F401 - it registers itself
from accounts.models import SignUpToken, User
from accounts.views.account import current_user


class FactorFilter(admin.SimpleListFilter):
    title = _("second factor")
    parameter_name = "factor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(protection.WITH, _("with one")), (protection.WITHOUT, _("without any"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        wanted = self.value()
        return protection.filtered(queryset, wanted) if wanted else queryset


class RoleFilter(admin.SimpleListFilter):
    title = _("role")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name or "none", title) for name, title in roles.TITLES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        wanted = self.value()
        return roles.filtered(queryset, "" if wanted == "none" else wanted) if wanted else queryset


class UserForm(ModelForm):
    """Judged inside the transaction that saves, so that the answer still holds then."""

    role = forms.ChoiceField(label=_("Role"), choices=list(roles.TITLES.items()), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "role" in self.fields:
            self.fields["role"].initial = roles.of(self.instance)

    def clean(self) -> dict[str, Any]:
        stays = self.cleaned_data.get("is_active") and (
            "role" not in self.fields or self.cleaned_data.get("role") == roles.OPERATOR
        )
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
        *("email", "display_name", "is_active", "role", "factor_count"),
        *("created_at", "last_login"),
    )
    list_filter = ("is_active", RoleFilter)
    search_fields = ("email", "display_name")
    ordering = ("email",)
    fields = list_display
    readonly_fields = ("email", "display_name", "factor_count", "created_at", "last_login")

    @admin.display(description=_("role"))
    def role(self, user: User) -> str:
        return roles.title(roles.of(user))

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        may_give = request.user.has_perm("accounts.give_role")
        return self.readonly_fields if may_give else (*self.readonly_fields, "role")

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        above = [import_string(path) for path in settings.USER_FILTERS]
        return [*self.list_filter, FactorFilter, *above]

    def save_model(
        self, request: HttpRequest, obj: User, form: ModelForm[User], change: bool
    ) -> None:
        now = timezone.now()
        # Only this: anything else was read before, and its owner may have changed it since.
        obj.save(update_fields=["is_active"])
        if "role" in form.cleaned_data:
            role = form.cleaned_data["role"]
            roles.give(obj, role, by=current_user(request), at=now)
        if not obj.is_active:
            signals.credentials_changed.send(sender=User, user_id=obj.pk, but=None, at=now)

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
        if not request.user.has_perm("accounts.add_signuptoken"):
            raise PermissionDenied
        return redirect("accounts:invitations")

    def has_change_permission(self, request: HttpRequest, obj: SignUpToken | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: SignUpToken | None = None) -> bool:
        return False

    def has_withdraw_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.add_signuptoken")

    @admin.action(description=_("Withdraw the selected links"), permissions=["withdraw"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[SignUpToken]) -> None:
        rows = SignUpToken.open(at=timezone.now()).filter(pk__in=queryset.values("pk"))
        for token in rows:
            self.log_change(request, token, "withdrawn")
        rows.update(withdrawn_at=timezone.now())


admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(admin.ModelAdmin):
    """What each role may do. It is settled by the release; people get roles on their own page."""

    actions = None
    list_display = ("name", "people")
    list_filter = ("name",)
    search_fields = ("name",)
    fields = ("name", "people", "allowed")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        rows: QuerySet[Group] = super().get_queryset(request)
        return rows.annotate(people_count=Count("user"))

    @admin.display(description=_("people"), ordering="people_count")
    def people(self, group: Any) -> int:
        return int(group.people_count)

    @admin.display(description=_("may"))
    def allowed(self, group: Group) -> str:
        rows = group.permissions.select_related("content_type").order_by("content_type", "pk")
        return format_html_join("", "<div>{}</div>", ((row.name,) for row in rows))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return False

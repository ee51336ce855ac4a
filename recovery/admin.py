"""What operators see of backup codes: how many are left. Never a way to read or to make one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from accounts.decorators import permitted
from accounts.models import User
from accounts.views.account import current_user
from recovery import overview, report
from recovery import services as recovery
from recovery.forms import ReasonForm
from recovery.models import RecoverySet

INVALIDATE = "invalidate_codes"


class StockFilter(admin.SimpleListFilter):
    title = gettext_lazy("codes left")
    parameter_name = "left"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (overview.NONE, _("none")),
            (overview.LOW, _("few")),
            (overview.ENOUGH, _("enough")),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[RecoverySet]
    ) -> QuerySet[RecoverySet]:
        low = recovery.LOW
        wanted = {
            overview.NONE: {"left_count": 0},
            overview.LOW: {"left_count__gt": 0, "left_count__lte": low},
            overview.ENOUGH: {"left_count__gt": low},
        }
        return queryset.filter(**wanted.get(self.value() or "", {}))


class CodesFilter(admin.SimpleListFilter):
    """For the list of people, by `settings.USER_FILTERS`."""

    title = gettext_lazy("backup codes")
    parameter_name = "codes"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (overview.NONE, _("none")),
            (overview.LOW, _("few")),
            (overview.ENOUGH, _("enough")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        wanted = self.value()
        return overview.filtered(queryset, wanted) if wanted else queryset


@admin.register(RecoverySet)
class RecoverySetAdmin(admin.ModelAdmin):
    """One line for each user with valid codes: “10 made, 3 left, last used”."""

    list_display = ("user", "made", "left", "generated_at", "last_used_at")
    list_display_links = None
    list_select_related = ("user",)
    list_filter = (StockFilter, "generated_at", "last_used_at")
    search_fields = ("user__email", "user__display_name")
    ordering = ("user__email",)
    actions = (INVALIDATE,)
    change_list_template = "admin/recovery/change_list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[RecoverySet]:
        valid = RecoverySet.objects.valid()
        return valid.annotate(
            made_count=Count("codes"), left_count=Count("codes", filter=Q(codes__used_at=None))
        )

    @admin.display(description=gettext_lazy("made"))
    def made(self, row: Any) -> int:
        return int(row.made_count)

    @admin.display(description=gettext_lazy("left"), ordering="left_count")
    def left(self, row: Any) -> int:
        return int(row.left_count)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_invalidate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("recovery.invalidate_codes")

    @admin.action(description=gettext_lazy("Invalidate all codes"), permissions=["invalidate"])
    def invalidate_codes(
        self, request: HttpRequest, queryset: QuerySet[RecoverySet]
    ) -> HttpResponse | None:
        """Ask for the reason, then end the codes of everybody selected."""
        form = ReasonForm(request.POST if "reason" in request.POST else None)
        if form.is_valid():
            self._invalidate(request, queryset, form.cleaned_data["reason"])
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Invalidate all codes"),
            "opts": self.opts,
            "form": form,
            "sets": queryset,
            "action": INVALIDATE,
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/recovery/invalidate.html", context, status=status)

    def get_urls(self) -> list[URLPattern]:
        wrap, seen = self.admin_site.admin_view, permitted("recovery.view_recoveryset")
        return [
            path(
                "report/",
                wrap(seen(require_safe(self.report_page))),
                name="recovery_report",
            ),
            path(
                "report/<slug:table>.csv",
                wrap(seen(require_safe(self.report_csv))),
                name="recovery_report_csv",
            ),
            *super().get_urls(),
        ]

    def report_page(self, request: HttpRequest) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Backup sign-in codes: report"),
            "opts": self.opts,
            "tables": [report.table(name, at=timezone.now()) for name in report.TABLES],
            "days": report.DAYS,
        }
        return TemplateResponse(request, "admin/recovery/report.html", context)

    def report_csv(self, request: HttpRequest, table: str) -> HttpResponse:
        if table not in report.TABLES:
            raise Http404
        lines = report.csv_lines(report.table(table, at=timezone.now()))
        response = HttpResponse(lines, content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="recovery-{table}.csv"'
        return response

    def _invalidate(
        self, request: HttpRequest, queryset: QuerySet[RecoverySet], reason: str
    ) -> None:
        done, operator, now = 0, current_user(request), timezone.now()
        for row in queryset.select_related("user"):
            try:
                recovery.invalidate(row.user, by=operator, reason=reason, as_operator=True, at=now)
            except recovery.NothingToInvalidate:
                continue
            self.log_change(request, row, "codes invalidated")
            done += 1
        messages.info(
            request,
            ngettext(
                "The codes of %(count)s person no longer work. They are told.",
                "The codes of %(count)s people no longer work. They are told.",
                done,
            )
            % {"count": done},
        )

"""The operators' review queue: cases with a timeline and a map, decided once, with a reason."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.decorators import permitted
from accounts.views.account import current_user
from anomalies import cases, demands, grants, report, words, worldmap
from anomalies.forms import ReasonForm
from anomalies.models import LoginAttempt, PasswordDemand, ReviewCase

DEEDS = {
    "safe": (cases.mark_safe, gettext_lazy("Mark safe")),
    "compromised": (cases.confirm_compromise, gettext_lazy("Confirm compromise")),
    "approved": (cases.approve, gettext_lazy("Approve held sign-in")),
}


class Unchangeable(admin.ModelAdmin):
    """Listed and shown; nothing is added, edited or deleted here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RuleFilter(admin.SimpleListFilter):
    title = gettext_lazy("rule")
    parameter_name = "rule"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, str(title)) for name, title in words.TITLES.items()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[ReviewCase]
    ) -> QuerySet[ReviewCase]:
        return queryset.filter(rules__contains=f" {self.value()} ") if self.value() else queryset


class UserFilter(admin.SimpleListFilter):
    """Those with most cases; anybody else is found by the search."""

    title = gettext_lazy("user")
    parameter_name = "user"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = ReviewCase.objects.values_list("user__email").annotate(count=Count("pk"))
        return [(email, email) for email, _count in rows.order_by("-count", "user__email")[:20]]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[ReviewCase]
    ) -> QuerySet[ReviewCase]:
        return queryset.filter(user__email=self.value()) if self.value() else queryset


@admin.register(ReviewCase)
class ReviewCaseAdmin(Unchangeable):
    """The queue. A case leads to its page, where it is decided."""

    list_display = ("opened_at", "user", "level", "state", "origin", "country", "rule_names")
    list_filter = ("state", "level", "origin", RuleFilter, "country", UserFilter, "opened_at")
    list_select_related = ("user",)
    search_fields = ("user__email", "user__display_name", "attempt__address")
    date_hierarchy = "opened_at"
    ordering = ("-opened_at",)
    change_list_template = "admin/anomalies/change_list.html"

    @admin.display(description=gettext_lazy("why"))
    def rule_names(self, row: ReviewCase) -> str:
        return ", ".join(words.title(rule) for rule in row.rules.split())

    def get_urls(self) -> list[URLPattern]:
        wrap, seen = self.admin_site.admin_view, permitted("anomalies.view_reviewcase")
        decided = permitted("anomalies.decide_case")(require_POST(self.decide))
        return [
            path("report/", wrap(seen(require_safe(self.report_page))), name="anomalies_report"),
            path(
                "report/<slug:table>.csv",
                wrap(seen(require_safe(self.report_csv))),
                name="anomalies_report_csv",
            ),
            path(
                "<uuid:case_id>/decide/<slug:deed>/",
                wrap(decided),
                name="anomalies_decide",
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
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self._page(request, object_id, ReasonForm())

    def decide(self, request: HttpRequest, case_id: Any, deed: str) -> HttpResponse:
        """One of the three deeds. The second half of a double click finds the case closed."""
        if deed not in DEEDS:
            raise Http404
        form = ReasonForm(request.POST)
        if not form.is_valid():
            return self._page(request, case_id, form)
        do, _title = DEEDS[deed]
        try:
            case = do(
                case_id,
                by=current_user(request),
                reason=form.cleaned_data["reason"],
                at=timezone.now(),
            )
        except cases.CaseClosed:
            messages.warning(request, _("This case was decided already. Nothing was done again."))
        except grants.NothingToApprove:
            messages.warning(request, _("No sign-in of this case is held any more."))
        else:
            self.log_change(request, case, f"decided: {case.state}")
            messages.info(
                request, _("Decided and recorded. The person is told where it concerns them.")
            )
        return redirect("admin:anomalies_reviewcase_change", case_id)

    def _page(self, request: HttpRequest, case_id: Any, form: ReasonForm) -> HttpResponse:
        case = self.get_object(request, str(case_id))
        if case is None:
            raise Http404
        now = timezone.now()
        timeline = report.timeline(case)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Unusual sign-in of %(user)s") % {"user": case.user},
            "opts": self.opts,
            "case": case,
            "may_decide": request.user.has_perm("anomalies.decide_case"),
            "attempt": case.attempt,
            "form": form,
            "timeline": timeline,
            "points": worldmap.points(timeline),
            "held": grants.of_browser(case.user, case.attempt.browser_key, at=now),
            "is_closed_account": demands.is_open(case.user),
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/anomalies/case.html", context, status=status)

    def report_page(self, request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Unusual sign-ins: report"),
            "opts": self.opts,
            "tables": [report.table(name, at=now) for name in report.ON_PAGE],
            "points": report.countries_on_map(at=now),
            "false_alarms": report.false_alarms(at=now),
            "databases": report.databases(at=now),
            "days": report.DAYS,
        }
        return TemplateResponse(request, "admin/anomalies/report.html", context)

    def report_csv(self, request: HttpRequest, table: str) -> HttpResponse:
        if table not in report.TABLES:
            raise Http404
        lines = report.csv_lines(report.table(table, at=timezone.now()))
        response = HttpResponse(lines, content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="sign-ins-{table}.csv"'
        return response


@admin.register(LoginAttempt)
class LoginAttemptAdmin(Unchangeable):
    """Every attempt of everybody; the people see their own."""

    list_display = (
        *("at", "user", "outcome", "stage_name", "address", "place", "browser"),
        *("score", "level", "decision"),
    )
    list_filter = ("outcome", "level", "decision", "country", "at")
    list_select_related = ("user",)
    search_fields = ("user__email", "address", "city")
    date_hierarchy = "at"
    ordering = ("-at",)
    show_full_result_count = False
    fields = (
        *("at", "user", "outcome", "stage_name", "method_names", "further", "address", "place"),
        *("system_name", "browser", "score", "level", "sentences", "not_evaluated", "decision"),
    )
    readonly_fields = fields

    @admin.display(description=gettext_lazy("stage"))
    def stage_name(self, row: LoginAttempt) -> str:
        return row.stage_name

    @admin.display(description=gettext_lazy("shown"))
    def method_names(self, row: LoginAttempt) -> str:
        return row.method_names

    @admin.display(description=gettext_lazy("place"))
    def place(self, row: LoginAttempt) -> str:
        return row.place

    @admin.display(description=gettext_lazy("why"))
    def sentences(self, row: LoginAttempt) -> str:
        return " ".join(f"{reason.sentence} (+{reason.points})" for reason in row.reasons)

    @admin.display(description=gettext_lazy("not evaluated"))
    def not_evaluated(self, row: LoginAttempt) -> str:
        return " ".join(row.missing)


@admin.register(PasswordDemand)
class PasswordDemandAdmin(Unchangeable):
    """Accounts that are closed until their password is new, and a way to open one all the same."""

    list_display = ("user", "is_by_operator", "created_at", "lifted_at", "is_in_force")
    list_display_links = None
    list_select_related = ("user",)
    list_filter = ("is_by_operator", "created_at", "lifted_at")
    search_fields = ("user__email", "user__display_name")
    ordering = ("-created_at",)
    actions = ("lift",)

    @admin.display(boolean=True, description=gettext_lazy("in force"))
    def is_in_force(self, row: PasswordDemand) -> bool:
        return row.lifted_at is None and row.credentials_version == row.user.credentials_version

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("anomalies.decide_case")

    @admin.action(
        description=gettext_lazy("Let them sign in without a new password"), permissions=["lift"]
    )
    def lift(self, request: HttpRequest, queryset: QuerySet[PasswordDemand]) -> HttpResponse | None:
        """Ask for the reason, then lift each demand that is in force."""
        form = ReasonForm(request.POST if "reason" in request.POST else None)
        if form.is_valid():
            self._lift(request, queryset, form.cleaned_data["reason"])
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Let them sign in without a new password"),
            "opts": self.opts,
            "form": form,
            "demands": queryset.select_related("user"),
            "action": "lift",
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/anomalies/lift.html", context, status=status)

    def _lift(self, request: HttpRequest, queryset: QuerySet[PasswordDemand], reason: str) -> None:
        operator, now = current_user(request), timezone.now()
        for row in queryset:
            try:
                demands.lift(row.user_id, reason=reason, by=str(operator.pk), at=now)
            except demands.NothingToLift:
                continue
            self.log_change(request, row, "lifted")
        messages.info(request, _("They can sign in again."))

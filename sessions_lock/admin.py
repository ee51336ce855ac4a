"""Sessions for operators: who is signed in, from where, until when; and what may be done to them.

What a session holds, and the hash of its key, are never shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import Form, ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from accounts.decorators import permitted
from accounts.views.account import current_user
from sessions_lock import forms, operators, pages, timeouts
from sessions_lock.models import LockTimeout, SessionActivity

CHANGE_LIST = "admin:sessions_lock_sessionactivity_changelist"


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("live", _("live")), ("ended", _("ended"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[SessionActivity]
    ) -> QuerySet[SessionActivity]:
        now = timezone.now()
        if self.value() == "live":
            return queryset.filter(ended_at=None, lock_deadline__gt=now)
        if self.value() == "ended":
            return queryset.exclude(ended_at=None, lock_deadline__gt=now)
        return queryset


@admin.register(SessionActivity)
class SessionActivityAdmin(admin.ModelAdmin):
    list_display = (
        *("user", "browser", "place", "address", "started_at"),
        *("last_activity_at", "lock_deadline", "state"),
    )
    list_filter = (StateFilter, "ended_reason", "started_at")
    list_select_related = ("user",)
    search_fields = ("user__email", "user__display_name", "address", "place", "browser")
    ordering = ("-started_at",)
    fields = readonly_fields = (
        *("user", "browser", "place", "address", "proven_by", "started_at", "last_activity_at"),
        *("lock_deadline", "absolute_deadline", "ended_at", "ended_reason"),
    )
    actions = ("end_sessions", "extend_sessions", "end_of_people")
    change_list_template = "admin/sessions_lock/change_list.html"
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[SessionActivity]:
        return SessionActivity.objects.of_people().defer("session_data")

    @admin.display(description=gettext_lazy("state"))
    def state(self, row: SessionActivity) -> str:
        if row.ended_at is not None:
            return row.get_ended_reason_display()
        is_live = row.lock_deadline is not None and row.lock_deadline > timezone.now()
        return _("live") if is_live else _("locked without activity")

    @admin.display(description=gettext_lazy("proven by"))
    def proven_by(self, row: SessionActivity) -> str:
        return pages.proofs(row.amr)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("sessions_lock.end_sessions")

    def has_extend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("sessions_lock.extend_sessions")

    @admin.action(description=gettext_lazy("End the selected sessions"), permissions=["end"])
    def end_sessions(
        self, request: HttpRequest, queryset: QuerySet[SessionActivity]
    ) -> HttpResponse | None:
        def deed(words: dict[str, Any]) -> int:
            return operators.end(
                _ids(queryset),
                by=current_user(request),
                reason=words["reason"],
                at=timezone.now(),
            )

        return self._act(
            request,
            queryset,
            deed,
            action="end_sessions",
            title=_("End sessions"),
            text=_("They end at once; their users sign in again, and are told why."),
        )

    @admin.action(description=gettext_lazy("Extend the selected sessions"), permissions=["extend"])
    def extend_sessions(
        self, request: HttpRequest, queryset: QuerySet[SessionActivity]
    ) -> HttpResponse | None:
        def deed(words: dict[str, Any]) -> int:
            return operators.extend(
                _ids(queryset),
                minutes=words["minutes"],
                by=current_user(request),
                reason=words["reason"],
                at=timezone.now(),
            )

        return self._act(
            request,
            queryset,
            deed,
            form_class=forms.ExtensionForm,
            action="extend_sessions",
            title=_("Extend sessions"),
            text=_("They may stay unused for a while, once. Their users are told."),
        )

    @admin.action(
        description=gettext_lazy("End all sessions of the people selected"), permissions=["end"]
    )
    def end_of_people(
        self, request: HttpRequest, queryset: QuerySet[SessionActivity]
    ) -> HttpResponse | None:
        def deed(words: dict[str, Any]) -> int:
            people = [row.user_id for row in queryset if row.user_id]
            return operators.end_of_people(
                people,
                by=current_user(request),
                reason=words["reason"],
                at=timezone.now(),
            )

        return self._act(
            request,
            queryset,
            deed,
            action="end_of_people",
            title=_("End all sessions of these people"),
            text=_("Every session of theirs ends at once, those that are not listed too."),
        )

    def get_urls(self) -> list[URLPattern]:
        everybody = require_http_methods(["GET", "HEAD", "POST"])(self.end_everybodys)
        everybody = permitted("sessions_lock.end_everybody")(everybody)
        wrap = self.admin_site.admin_view
        own = [path("everybody/", wrap(everybody), name="sessions_lock_everybody")]
        return own + super().get_urls()

    def end_everybodys(self, request: HttpRequest) -> HttpResponse:
        form = forms.EverybodyForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            session: Any = request.session
            count = operators.end_everybodys(
                by=current_user(request),
                but=session.row.pk,
                reason=form.cleaned_data["reason"],
                at=timezone.now(),
            )
            _say(request, count)
            return redirect(CHANGE_LIST)
        return self._ask(
            request,
            form,
            title=_("End everybody’s sessions"),
            text=_("Everybody is signed out at once and told why. Nobody loses anything."),
        )

    def _act(
        self,
        request: HttpRequest,
        queryset: QuerySet[SessionActivity],
        deed: Callable[[dict[str, Any]], int],
        *,
        form_class: type[Form] = forms.ReasonForm,
        **words: str,
    ) -> HttpResponse | None:
        """Ask for the reason, then do it."""
        form = form_class(request.POST if "reason" in request.POST else None)
        if form.is_valid():
            _say(request, deed(form.cleaned_data))
            return None
        return self._ask(request, form, sessions=queryset, **words)

    def _ask(self, request: HttpRequest, form: Form, **words: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "form": form,
            **words,
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/sessions_lock/ask.html", context, status=status)


@admin.register(LockTimeout)
class LockTimeoutAdmin(admin.ModelAdmin):
    """How soon the sessions of one person lock, by their choice and at most."""

    form = forms.LimitForm
    list_display = ("user", "minutes", "most_minutes", "effective")
    list_select_related = ("user",)
    list_filter = ("minutes", "most_minutes")
    search_fields = ("user__email", "user__display_name")
    autocomplete_fields = ("user",)
    ordering = ("user__email",)
    actions = None

    @admin.display(description=gettext_lazy("locks after"))
    def effective(self, row: LockTimeout) -> str:
        return forms.in_minutes(timeouts.shortest(row))

    def get_readonly_fields(
        self, request: HttpRequest, obj: LockTimeout | None = None
    ) -> tuple[str, ...]:
        return ("user", "minutes") if obj else ()

    def get_fields(self, request: HttpRequest, obj: LockTimeout | None = None) -> tuple[str, ...]:
        return ("user", *(("minutes",) if obj else ()), "most_minutes", "reason")

    def save_model(
        self, request: HttpRequest, obj: LockTimeout, form: ModelForm[LockTimeout], change: bool
    ) -> None:
        timeouts.allow_at_most(
            obj.user,
            minutes=form.cleaned_data["most_minutes"],
            by=current_user(request),
            reason=form.cleaned_data["reason"],
            at=timezone.now(),
        )
        obj.pk = LockTimeout.objects.values_list("pk", flat=True).get(user=obj.user)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _ids(queryset: QuerySet[SessionActivity]) -> list[UUID]:
    return list(queryset.order_by().values_list("pk", flat=True))


def _say(request: HttpRequest, count: int) -> None:
    words = ngettext(
        "%(count)s session was changed. Its user is told.",
        "%(count)s sessions were changed. Their users are told.",
        count,
    )
    messages.info(request, words % {"count": count})

"""The operators' pages: the list, one backup, and the way to a restore.

Whatever writes goes through `OperatorSite.admin_view`, which asks "confirm it's you"; beginning a
restore asks for a proof that is younger still.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import confirmation
from accounts.decorators import ask_to_confirm, permitted
from accounts.views.account import current_user
from audit import events
from audit import services as audit
from backups import (
    container,
    overview,
    pipeline,
    places,
    recipients,
    restores,
    retention,
    schedule,
    wishes,
)
from backups import services as backups
from backups.forms import CreateForm, PlanForm, RestoreForm, WishForm
from backups.models import Backup, BackupCopy, RestoreRun

View = Callable[..., HttpResponseBase]
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@admin.register(Backup)
class BackupAdmin(admin.ModelAdmin):
    list_display = (
        *("name", "kind", "started_at", "state_shown", "size_shown", "duration_shown"),
        *("places_shown", "verified_at", "requested_by"),
    )
    list_filter = ("state", "kind")
    list_select_related = ("requested_by",)
    list_per_page = 50
    search_fields = ("name", "note", "sha256")
    ordering = ("-started_at",)
    actions = None
    show_facets = admin.ShowFacets.NEVER
    change_list_template = "admin/backups/change_list.html"

    # What may be done is done on pages of its own.

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # The list

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("copies")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {**(extra_context or {}), "summary": overview.summary(at=timezone.now())}
        return super().changelist_view(request, context)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_shown(self, backup: Backup) -> str:
        return format_html(
            '<span class="backup-state backup-state-{}">{}</span>',
            backup.state,
            backup.get_state_display(),
        )

    @admin.display(description=gettext_lazy("size"), ordering="size")
    def size_shown(self, backup: Backup) -> str:
        return filesizeformat(backup.size) if backup.size else ""

    @admin.display(description=gettext_lazy("took"))
    def duration_shown(self, backup: Backup) -> str:
        return f"{backup.duration.total_seconds():.1f} s" if backup.duration else ""

    @admin.display(description=gettext_lazy("places"))
    def places_shown(self, backup: Backup) -> str:
        waiting = BackupCopy.State.WAITING
        words = [
            f"{copy.place} ({copy.get_state_display()})" if copy.state == waiting else copy.place
            for copy in backup.copies.all()
            if copy.state != BackupCopy.State.GONE
        ]
        return ", ".join(words)

    # One backup

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        backup = self._backup(object_id)
        context = self._context(
            request,
            backup.name,
            backup=backup,
            copies=backup.copies.order_by("place"),
            tables=overview.rows_by_table(backup),
            restores=backup.restores.order_by("-created_at")[:10],
            job=backups.job_of(backup.pk),
            has_file=pipeline.local_file(backup).exists(),
        )
        return TemplateResponse(request, "admin/backups/detail.html", context)

    def create_page(self, request: HttpRequest) -> HttpResponse:
        form = CreateForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            by, note = current_user(request).pk, form.cleaned_data["note"]
            try:
                backup = backups.create("manual", by=by, note=note, at=timezone.now())
            except backups.Busy:
                messages.warning(request, _("Another backup or restore is under way."))
                return redirect("admin:backups_backup_changelist")
            return redirect("admin:backups_backup_change", backup.pk)
        context = self._context(request, _("Make a backup"), form=form, submit=_("Make it now"))
        return TemplateResponse(request, "admin/backups/form.html", context)

    def verify_deed(self, request: HttpRequest, backup_id: UUID) -> HttpResponse:
        backup = self._backup(backup_id)
        backups.verify(backup, by=current_user(request).pk, at=timezone.now())
        messages.info(request, _("The backup is read back in the background."))
        return redirect("admin:backups_backup_change", backup.pk)

    def download_deed(self, request: HttpRequest, backup_id: UUID) -> HttpResponseBase:
        backup = self._backup(backup_id)
        file = pipeline.local_file(backup)
        if not file.exists():
            messages.warning(request, _("The file is not in the local directory."))
            return redirect("admin:backups_backup_change", backup.pk)
        backups.record_download(backup, by=current_user(request).pk, at=timezone.now())
        return FileResponse(
            file.open("rb"),
            as_attachment=True,
            filename=backup.file_name,
            content_type="application/octet-stream",
        )

    def remove_page(self, request: HttpRequest, backup_id: UUID) -> HttpResponse:
        backup = self._backup(backup_id)
        if request.method == "POST":
            try:
                backups.delete(backup, by=current_user(request).pk, at=timezone.now())
            except backups.StillNeeded:
                words = _("This is the newest verified backup: it stays until there is another.")
                messages.warning(request, words)
            except places.PlaceAway as error:
                messages.error(request, str(error))
            else:
                messages.info(request, _("The backup was deleted."))
                return redirect("admin:backups_backup_changelist")
            return redirect("admin:backups_backup_change", backup.pk)
        context = self._context(
            request,
            _("Delete this backup?"),
            backup=backup,
            words=_("The file is deleted in all its places. There is no way back."),
            submit=_("Delete"),
        )
        return TemplateResponse(request, "admin/backups/form.html", context)

    def progress(self, request: HttpRequest, backup_id: UUID) -> JsonResponse:
        backup = self._backup(backup_id)
        job = backups.job_of(backup.pk)
        return JsonResponse(
            {
                "state": backup.get_state_display(),
                "percent": 100 if backup.is_good else (job.percent if job else 0),
                "has_ended": not backup.is_running,
            }
        )

    # The plan

    def plan_page(self, request: HttpRequest) -> HttpResponse:
        now, plan = timezone.now(), retention.plan()
        form = PlanForm(request.POST or None, instance=plan)
        is_preview = "preview" in request.POST
        if request.method == "POST" and form.is_valid() and not is_preview:
            form.save()
            for kind, slot in form.slots().items():
                schedule.put(kind, slot)
            audit.record(events.BACKUP_PLAN_CHANGED, user=current_user(request).pk, at=now)
            messages.info(request, _("The plan was saved."))
            return redirect("admin:backups_backup_plan")
        # The form has put what was typed into the plan, saved or not.
        verdicts = retention.verdicts(plan, at=now) if not form.errors else []
        context = self._context(
            request, _("Schedule and retention"), form=form, verdicts=verdicts,
            going=sum(not verdict.is_kept for verdict in verdicts), is_preview=is_preview,
        )  # fmt: skip
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/backups/plan.html", context, status=status)

    # A restore

    def wish_page(self, request: HttpRequest, backup_id: UUID) -> HttpResponse:
        backup = self._backup(backup_id)
        form = WishForm(request.POST or None, asks_for_key=_asks_for_key(backup))
        if request.method == "POST" and form.is_valid():
            wish = form.cleaned_data
            run = backups.ask_for_report(
                backup,
                mode=wish["mode"],
                user=wish.get("user"),
                takes_backup_side=wish["takes_backup_side"],
                brought_back=wish["brought_back"],
                private_key=form.key,
                by=current_user(request).pk,
                at=timezone.now(),
            )
            return redirect("admin:backups_backup_run", run.pk)
        context = self._context(
            request,
            _("Restore: what?"),
            backup=backup,
            form=form,
            words=_("Nothing is changed yet: first a dry run shows what would happen."),
            submit=_("Show what would happen"),
        )
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/backups/form.html", context, status=status)

    def run_page(self, request: HttpRequest, run_id: UUID) -> HttpResponse:
        run = get_object_or_404(RestoreRun.objects.select_related("backup"), pk=run_id)
        form = RestoreForm(request.POST or None, asks_for_key=_asks_for_key(run.backup))
        if request.method == "POST":
            if not confirmation.is_fresh(request, at=timezone.now()):
                return ask_to_confirm(request.get_full_path())
            if form.is_valid() and self._begin(request, run, form):
                return redirect("admin:backups_backup_run", run.pk)
        context = self._context(
            request,
            _("Restore"),
            run=run,
            backup=run.backup,
            form=form,
            tables=overview.tables(run.report),
            held=overview.held(run.report),
            job=backups.job_of(run.pk),
        )
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/backups/run.html", context, status=status)

    def run_progress(self, request: HttpRequest, run_id: UUID) -> JsonResponse:
        run = get_object_or_404(RestoreRun, pk=run_id)
        is_working = run.state in {RestoreRun.State.PREPARING, RestoreRun.State.RUNNING}
        job = backups.job_of(run.pk)
        return JsonResponse(
            {
                "state": run.get_state_display(),
                "percent": job.percent if job else 0,
                "has_ended": not is_working,
            }
        )

    def _begin(self, request: HttpRequest, run: RestoreRun, form: RestoreForm) -> bool:
        try:
            backups.begin_restore(
                run,
                typed_name=form.cleaned_data["name"],
                private_key=form.key,
                by=current_user(request).pk,
                at=timezone.now(),
            )
        except restores.WrongName:
            form.add_error("name", _("This is not the name of the backup."))
            return False
        except wishes.RestoreRefused as error:
            messages.warning(request, str(error))
        return True

    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: View, name: str, methods: Any, permission: str) -> URLPattern:
            needed = permitted(f"backups.{permission}_backup")
            wrapped = self.admin_site.admin_view(needed(methods(view)))
            found: URLPattern = path(route, wrapped, name=f"backups_backup_{name}")
            return found

        one, run = "<uuid:backup_id>/", "restores/<uuid:run_id>/"
        return [
            page("create/", self.create_page, "create", get_or_post, "make"),
            page("plan/", self.plan_page, "plan", get_or_post, "make"),
            page(f"{one}verify/", self.verify_deed, "verify", require_POST, "make"),
            page(f"{one}download/", self.download_deed, "download", require_POST, "download"),
            page(f"{one}remove/", self.remove_page, "remove", get_or_post, "delete"),
            page(f"{one}progress/", self.progress, "progress", require_safe, "view"),
            page(f"{one}restore/", self.wish_page, "restore", get_or_post, "restore"),
            page(run, self.run_page, "run", get_or_post, "restore"),
            page(f"{run}progress/", self.run_progress, "run_progress", require_safe, "restore"),
            *super().get_urls(),
        ]

    def _backup(self, backup_id: object) -> Backup:
        try:
            wanted = UUID(str(backup_id))
        except ValueError:
            wanted = UUID(int=0)
        return get_object_or_404(Backup.objects.select_related("requested_by"), pk=wanted)

    def _context(self, request: HttpRequest, title: str, **more: Any) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "list_url": reverse("admin:backups_backup_changelist"),
            **more,
        }


def _asks_for_key(backup: Backup) -> bool:
    """Whether this server's own keys do not open the backup."""
    try:
        with restores.file_of(backup) as file_path, file_path.open("rb") as file:
            header, _raw = container.read_header(file)
            return not backups.opener().fits(header)
    except (wishes.RestoreRefused, container.ContainerRefused, recipients.BadKey, OSError):
        return False

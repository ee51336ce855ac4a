from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_celery_beat import admin as beat_admin  # noqa: F401 - it registers its own pages first
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from jobs.models import Job

for model in (ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule):
    admin.site.unregister(model)


class ToBeRead(admin.ModelAdmin):
    """Listed and shown, and changed elsewhere."""

    actions = None
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Job)
class JobAdmin(ToBeRead):
    """Jobs are asked for and stopped where they belong."""

    list_display = ("kind", "state", "attempt", "failure_code", "created_at", "finished_at")
    list_filter = ("state", "kind")
    search_fields = ("id", "subject", "owner")
    ordering = ("-created_at",)
    exclude = ("sealed_secret",)


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(ToBeRead):
    """When what runs. A form that can start any task with any argument would be a way around."""

    list_display = ("name", "task", "rhythm", "enabled", "last_run_at", "total_run_count")
    list_filter = ("enabled", "last_run_at")
    list_select_related = ("interval", "crontab", "solar", "clocked")
    search_fields = ("name", "task")
    ordering = ("name",)
    fields = list_display

    @admin.display(description=_("when"))
    def rhythm(self, row: PeriodicTask) -> str:
        return str(row.scheduler)

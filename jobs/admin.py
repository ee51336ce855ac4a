from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from jobs.models import Job


@admin.register(Job)
class JobAdmin(admin.ModelAdmin):
    """To be read: jobs are asked for and stopped where they belong."""

    actions = None
    list_display = ("kind", "state", "attempt", "failure_code", "created_at", "finished_at")
    list_filter = ("state", "kind")
    search_fields = ("id", "subject", "owner")
    ordering = ("-created_at",)
    show_full_result_count = False
    exclude = ("sealed_secret",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from notifications.models import OutgoingMail


@admin.register(OutgoingMail)
class OutgoingMailAdmin(admin.ModelAdmin):
    """Whether mails leave. To whom and what they say stays sealed."""

    actions = None
    list_display = ("kind", "created_at", "sent_at", "failed_at")
    list_filter = ("kind", "created_at", "sent_at", "failed_at")
    search_fields = ("id", "kind", "user")
    show_full_result_count = False
    ordering = ("-created_at",)
    fields = ("kind", "user", "created_at", "sent_at", "failed_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

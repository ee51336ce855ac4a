from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from audit.activity import GROUPS
from audit.models import AuditEvent, Tombstone


class ReadOnly(admin.ModelAdmin):
    """To be read, never written, by nobody."""

    actions = None
    list_per_page = 100
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class GroupFilter(admin.SimpleListFilter):
    title = _("group")
    parameter_name = "group"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, group.title) for name, group in GROUPS.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        group = GROUPS.get(self.value() or "")
        if group is None:
            return queryset
        prefixes = "|".join(group.prefixes)
        return queryset.filter(event__regex=rf"^({prefixes})\.")


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly):
    # Without `details`: which services a user keeps codes of is not an operator's business.
    list_display = ("at", "event", "user", "pseudonym", "address", "browser", "is_sealed")
    list_filter = (GroupFilter, "at")
    search_fields = ("event", "user", "pseudonym", "address", "request_id", "uid")
    search_help_text = _("Event name, user id, address, request id")
    date_hierarchy = "at"
    ordering = ("-id",)
    fields = (
        *("at", "event", "uid", "user", "pseudonym", "address", "browser", "request_id"),
        *("facts", "position", "chain_mac", "erased_at"),
    )

    @admin.display(boolean=True, description=_("sealed"))
    def is_sealed(self, event: AuditEvent) -> bool:
        return event.position is not None


@admin.register(Tombstone)
class TombstoneAdmin(ReadOnly):
    list_display = ("kind", "object_id", "buried_at")
    list_filter = ("kind",)
    search_fields = ("object_id",)

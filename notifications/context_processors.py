from __future__ import annotations

import functools
from collections.abc import Callable

from django.http import HttpRequest

from notifications.models import Notification


def unread_notifications(request: HttpRequest) -> dict[str, Callable[[], int]]:
    """The bell's number. Templates call it, so that a page without a bell asks for nothing."""

    @functools.cache
    def count() -> int:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return 0
        return Notification.objects.for_owner(user).unread().count()

    return {"unread_notifications": count}

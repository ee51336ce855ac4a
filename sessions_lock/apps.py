from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SessionsLockConfig(AppConfig):
    name = "sessions_lock"
    verbose_name = _("Sessions")

    def ready(self) -> None:
        from sessions_lock import receivers  # noqa: F401 - receivers register themselves

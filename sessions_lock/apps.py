from __future__ import annotations

from django.apps import AppConfig


class SessionsLockConfig(AppConfig):
    name = "sessions_lock"

    def ready(self) -> None:
        from sessions_lock import receivers  # noqa: F401 - receivers register themselves

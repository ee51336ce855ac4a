from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApiConfig(AppConfig):
    name = "api"
    verbose_name = _("API tokens")

    def ready(self) -> None:
        from api import receivers  # noqa: F401 - they register themselves

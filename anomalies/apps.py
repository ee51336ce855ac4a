from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AnomaliesConfig(AppConfig):
    name = "anomalies"
    verbose_name = _("Unusual sign-ins")

    def ready(self) -> None:
        from anomalies import receivers  # noqa: F401 - they register themselves

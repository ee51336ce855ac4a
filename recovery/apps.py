from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RecoveryConfig(AppConfig):
    name = "recovery"
    verbose_name = _("Backup sign-in codes")

    def ready(self) -> None:
        from recovery import receivers  # noqa: F401 - they register themselves

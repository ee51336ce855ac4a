from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        from core import checks, keycheck, lasting  # noqa: F401 - checks register themselves

        post_migrate.connect(keycheck.record_current, sender=self)
        post_migrate.connect(lasting.make_missing, sender=self)

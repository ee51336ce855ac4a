from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import checks, receivers  # noqa: F401 - they register themselves
        from accounts.slots import receivers as slot_receivers  # noqa: F401 - as above

from __future__ import annotations

from django.apps import AppConfig


class KeyslotsConfig(AppConfig):
    name = "keyslots"

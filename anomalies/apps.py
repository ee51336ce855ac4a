from __future__ import annotations

from django.apps import AppConfig


class AnomaliesConfig(AppConfig):
    name = "anomalies"

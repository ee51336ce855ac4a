from __future__ import annotations

from dataclasses import fields

from django.conf import settings

from anomalies import rules


def current() -> rules.Thresholds:
    """The thresholds as the operator has set them."""
    return rules.Thresholds(
        **{
            field.name: getattr(settings, f"ANOMALIES_{field.name.upper()}")
            for field in fields(rules.Thresholds)
        }
    )

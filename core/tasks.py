from __future__ import annotations

import logging
from typing import Any

from celery import shared_task
from django.utils import timezone

from core import geo_update

logger = logging.getLogger(__name__)


@shared_task  # type: ignore[untyped-decorator]  # celery has no types
def update_geoip(**_: Any) -> None:
    for source in geo_update.sources():
        try:
            geo_update.update(source, at=timezone.now())
        except geo_update.UpdateRefused as refusal:
            logger.error("The geo database “%s” stays as it is. %s", source.kind, refusal)

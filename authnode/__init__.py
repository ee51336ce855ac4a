from __future__ import annotations

# Loaded with Django, so that `shared_task` finds the broker of the settings.
from authnode.celery import app as celery_app

__all__ = ["celery_app"]

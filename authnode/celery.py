from __future__ import annotations

import os
import sys
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "authnode.settings")

app = Celery("authnode")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def refuse_to_start(**_: Any) -> None:
    from django.core.exceptions import ImproperlyConfigured
    from django.db import connections

    from authnode import startup

    try:
        startup.verify()
    except ImproperlyConfigured as error:
        # Celery logs an exception of a receiver and goes on; it does not go on after this.
        sys.exit(str(error))
    # A process forked from this one must not inherit an open SQLite file.
    connections.close_all()


@beat_init.connect
def beat_at_once(**_: Any) -> None:
    """The first heartbeat, so that a site that has just started counts as ready."""
    from jobs import tasks

    tasks.beat()

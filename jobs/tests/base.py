from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.test import override_settings
from django.utils import timezone

from jobs import services
from jobs.models import Job
from jobs.services import Run
from jobs.tests import handlers


class JobsMixin:
    """Handlers of the tests' own, and a job waiting for its worker."""

    enterContext: Callable[..., Any]  # noqa: N815 - of unittest

    def setUp(self) -> None:
        super().setUp()  # type: ignore[misc]
        self.enterContext(override_settings(JOB_HANDLERS=handlers.HANDLERS))
        self.now = timezone.now()
        handlers.runs.clear()
        handlers.inside = None

    def enqueue(self, kind: str = "note", **wanted: Any) -> Job:
        return services.enqueue(kind, subject=uuid.uuid4(), **{"at": self.now, **wanted})

    def during(self, deed: Callable[[Run], None]) -> None:
        """Do this inside the handler `note`."""
        handlers.inside = deed

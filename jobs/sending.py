from __future__ import annotations

import logging
from uuid import UUID

logger = logging.getLogger(__name__)


def send(job_id: UUID) -> bool:
    """Tell a worker about a job; False when the broker is away (the reaper sends it again)."""
    # The task leads to the code that sends jobs: only this import may close the circle.
    from jobs import tasks

    try:
        tasks.run_job.delay(str(job_id))
    except Exception:  # noqa: BLE001 - each broker raises errors of its own, none may harm the deed
        logger.warning("The broker is away: job %s starts when it is back.", job_id)
        return False
    return True

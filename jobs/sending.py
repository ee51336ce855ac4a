from __future__ import annotations

import logging
import time
from uuid import UUID

logger = logging.getLogger(__name__)

# A broker that is away can cost seconds to find out; so nobody asks it again for a while. The
# reaper sends what was left.
PAUSE = 30.0
_paused_until = 0.0


def resume() -> None:
    """Ask the broker again at the next job, as if it had never been away."""
    global _paused_until  # noqa: PLW0603 - as below
    _paused_until = 0.0


def send(job_id: UUID) -> bool:
    """Tell a worker about a job; False when the broker is away (the reaper sends it again)."""
    global _paused_until  # noqa: PLW0603 - one clock per process is what is meant
    # The task leads to the code that sends jobs: only this import may close the circle.
    from jobs import tasks

    if time.monotonic() < _paused_until:
        return False
    try:
        tasks.run_job.delay(str(job_id))
    except Exception:  # noqa: BLE001 - each broker raises errors of its own, none may harm the deed
        _paused_until = time.monotonic() + PAUSE
        logger.warning("The broker is away: job %s starts when it is back.", job_id)
        return False
    return True

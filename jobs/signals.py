from __future__ import annotations

from django.dispatch import Signal

# A job failed for good. Sent with `job` (its id, kind, subject and failure are set) inside the
# transaction that marks it, by whoever gave it up: the worker or the reaper.
job_failed = Signal()

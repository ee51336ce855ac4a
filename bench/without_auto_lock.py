"""The settings of the site, with sessions that never lock. For `bench_sessions` alone."""

from __future__ import annotations

from authnode.settings import *  # noqa: F403 - the same settings
from authnode.settings import MIDDLEWARE

SESSION_ENGINE = "bench.plain_sessions"
MIDDLEWARE = [
    "bench.plain_sessions.SessionMiddleware" if name.startswith("sessions_lock.") else name
    for name in MIDDLEWARE
]

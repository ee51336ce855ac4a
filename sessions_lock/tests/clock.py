"""A clock for tests: the whole site reads this moment until it is moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import TracebackType
from unittest import mock

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


class Clock:
    def __init__(self, now: datetime = START) -> None:
        self.now = now
        self._patch = mock.patch("django.utils.timezone.now", lambda: self.now)

    def __enter__(self) -> Clock:
        self._patch.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._patch.stop()

    def forward(self, **step: float) -> datetime:
        self.now += timedelta(**step)
        return self.now

"""How a job's handler ends other than by being done."""

from __future__ import annotations

from datetime import timedelta


class Postpone(Exception):
    """Not now: try again after `delay` (when attempts are left)."""

    def __init__(self, delay: timedelta, *, code: str = "postponed", sentence: str = "") -> None:
        super().__init__(sentence or "It could not be done yet.")
        self.delay = delay
        self.code = code


class GiveUp(Exception):
    """Trying again would not help. `code` is for programs, the sentence for people."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Cancelled(Exception):
    """Somebody asked for the job to stop, and the handler stopped."""

    def __init__(self) -> None:
        super().__init__("The job was cancelled.")


class LeaseLost(Exception):
    """Another worker holds the job now; nothing this one writes counts any more."""

    def __init__(self) -> None:
        super().__init__("The job is no longer held by this worker.")


class SecretGone(GiveUp):
    """The job's own secret was wiped; whoever asked has to ask again."""

    def __init__(self) -> None:
        super().__init__("secret_expired", "It waited too long. Please start it again.")

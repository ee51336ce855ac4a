"""What one refresh of the list costs the server: opening sealed secrets and making their codes."""

from __future__ import annotations

import os
import secrets
import statistics
import time
import uuid
from collections.abc import Callable

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "authnode.test_settings")
django.setup()

from bench import measuring  # noqa: E402 - needs the settings
from core import otp, sealing  # noqa: E402 - as above

ENTRIES = 1_000
ROUNDS = 9
PURPOSE = "totp-secret"


def median_microseconds(deed: Callable[[], object]) -> float:
    """The median over the rounds, for one entry."""
    durations = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        deed()
        durations.append(time.perf_counter() - started)
    return statistics.median(durations) / ENTRIES * 1e6


def main() -> None:
    owner = uuid.uuid4()
    places = [str(uuid.uuid4()) for _ in range(ENTRIES)]
    plain = [secrets.token_bytes(20) for _ in range(ENTRIES)]
    sealed = [
        sealing.seal(PURPOSE, owner, place, secret)
        for place, secret in zip(places, plain, strict=True)
    ]
    seconds = int(time.time())

    def open_all() -> None:
        for place, token in zip(places, sealed, strict=True):
            sealing.unseal(PURPOSE, owner, place, token)

    def make_all() -> None:
        for secret in plain:
            otp.totp(secret, seconds)
            otp.totp(secret, seconds + 30)

    with measuring.sheet("codes", "One code") as sheet:
        title = f"For one of {ENTRIES} entries of one user, median of {ROUNDS} rounds"
        add = sheet.table(title, ("what", "µs"))
        add("open the sealed secret", median_microseconds(open_all))
        add("make this code and the next", median_microseconds(make_all))


if __name__ == "__main__":
    main()

"""What one attempt with a backup sign-in code costs, and whether its time tells anything.

Judged with a handful of rows and with a million: the attempt asks for one user's rows by index.
`RECOVERY_ROWS` sets another number than a million.
"""

from __future__ import annotations

import os
import random
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "authnode.test_settings")
django.setup()

from django.db import connection, reset_queries  # noqa: E402 - needs the settings
from django.test import Client, override_settings  # noqa: E402 - as above
from django.test.utils import (  # noqa: E402 - as above
    CaptureQueriesContext,
    setup_databases,
    setup_test_environment,
    teardown_databases,
)
from django.utils import timezone  # noqa: E402 - as above

from accounts.models import User  # noqa: E402 - as above
from recovery import services as recovery  # noqa: E402 - as above
from recovery.models import RecoveryCode, RecoverySet  # noqa: E402 - as above
from recovery.tests import people  # noqa: E402 - as above
from tests import base  # noqa: E402 - as above

ROWS = int(os.environ.get("RECOVERY_ROWS", "1000000"))
TRIES = 2_000
PAGES = 200
BATCH = 20_000


@contextmanager
def test_database() -> Iterator[None]:
    setup_test_environment()
    kept = setup_databases(verbosity=0, interactive=False)
    try:
        yield
    finally:
        teardown_databases(kept, verbosity=0)


def seconds(deed: Callable[[], object]) -> float:
    started = time.perf_counter()
    deed()
    return time.perf_counter() - started


def refused(user_id: uuid.UUID, typed: str) -> None:
    try:
        recovery.verify(user_id, typed=typed)
    except recovery.CodeRefused:
        return
    raise AssertionError("a code was accepted that should not be")


def medians(cases: dict[str, Callable[[], object]], tries: int) -> dict[str, float]:
    """The median of each case, all of them interleaved in a random order each round."""
    took: dict[str, list[float]] = {name: [] for name in cases}
    chance = random.Random(1)
    for _ in range(tries):
        for name in chance.sample(sorted(cases), len(cases)):
            took[name].append(seconds(cases[name]))
    return {name: statistics.median(times) for name, times in took.items()}


def say_medians(what: str, found: dict[str, float], tries: int) -> None:
    middle = statistics.median(found.values())
    spread = (max(found.values()) - min(found.values())) / middle
    print(f"{what}, median of {tries} interleaved tries:")
    for name, median in found.items():
        print(f"  {name:28} {median * 1e3:7.3f} ms")
    print(f"  largest difference           {spread:7.2%}")


def fill(rows: int) -> None:
    """Sets of other people, ten rows each; what they hold does not matter."""
    while (there := RecoveryCode.objects.count()) < rows:
        count = min(BATCH, rows - there) // 10 or 1
        strangers = [User(email=f"{uuid.uuid4().hex}@example.com") for _ in range(count)]
        User.objects.bulk_create(strangers)
        sets = [RecoverySet(user=user, generated_at=timezone.now()) for user in strangers]
        RecoverySet.objects.bulk_create(sets)
        RecoveryCode.objects.bulk_create(
            (
                RecoveryCode(
                    recovery_set=row,
                    user_id=row.user_id,
                    code_hash="k1:",
                    created_at=timezone.now(),
                )
                for row in sets
                for _ in range(10)
            ),
            batch_size=2_000,
        )


def say_cost(alice: User, code: str) -> None:
    count = f"{RecoveryCode.objects.count():,}".replace(",", " ")
    good = statistics.median(
        seconds(lambda: recovery.verify(alice.pk, typed=code)) for _ in range(500)
    )
    reset_queries()
    with CaptureQueriesContext(connection) as looked:
        recovery.verify(alice.pk, typed=code)
    client = Client()
    base.sign_in(client, "alice")
    with CaptureQueriesContext(connection) as asked:
        answer = client.post(people.PRESENT, {"code": people.WRONG})
    assert answer.status_code == 422, answer.status_code
    print(f"{count} rows: verify {good * 1e3:.3f} ms and {len(looked)} query;", end=" ")
    print(f"a refused attempt on the page {len(asked)} queries")


def main() -> None:
    lifted = override_settings(
        RECOVERY_TRIES_PER_NETWORK=10**5,
        RECOVERY_TRIES_PER_USER=10**5,
        AXES_ENABLED=False,
    )
    with test_database(), lifted:
        alice, bob = base.make_user("alice"), base.make_user("bob")
        people.add_factor(alice)
        people.add_factor(bob)
        used, code, *_ = people.make_codes(alice)
        recovery.consume(recovery.verify(alice.pk, typed=used), at=timezone.now())
        nobody = uuid.uuid4()
        say_medians(
            "verify",
            medians(
                {
                    "wrong": lambda: refused(alice.pk, people.WRONG),
                    "used": lambda: refused(alice.pk, used),
                    "no codes": lambda: refused(bob.pk, people.WRONG),
                    "unknown user": lambda: refused(nobody, people.WRONG),
                },
                TRIES,
            ),
            TRIES,
        )
        say_cost(alice, code)
        fill(ROWS)
        say_cost(alice, code)


if __name__ == "__main__":
    main()

"""What the check adds to a sign-in, beside few attempts and beside a million of them.

`SIGN_IN_ATTEMPTS` sets another number than a million. The floor is the time of one query.
"""

from __future__ import annotations

import os
import random
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "authnode.test_settings")
django.setup()

from django.db import connection, reset_queries, transaction  # noqa: E402 - needs the settings
from django.test import RequestFactory, override_settings  # noqa: E402 - as above
from django.test.utils import (  # noqa: E402 - as above
    CaptureQueriesContext,
    setup_databases,
    setup_test_environment,
    teardown_databases,
)
from django.utils import timezone  # noqa: E402 - as above

from accounts.models import PendingSignIn, User  # noqa: E402 - as above
from anomalies import browsers, checking, outcome, recording  # noqa: E402 - as above
from anomalies.models import LoginAttempt  # noqa: E402 - as above
from anomalies.tests import places  # noqa: E402 - as above
from tests import base  # noqa: E402 - as above

ROWS = int(os.environ.get("SIGN_IN_ATTEMPTS", "1000000"))
STRANGERS = 1_000
BUSY = 2_000
TRIES = 200
COUNTED = 20
DRAWN = 20_000
# What a copy of a row gets in place of what the row has.
COPIED = {
    "id": "gen_random_uuid()"
    if connection.vendor == "postgresql"
    else "lower(hex(randomblob(16)))",
    "pending_id": "NULL",
    "at": "at - interval '7 minutes'"
    if connection.vendor == "postgresql"
    else "strftime('%%Y-%%m-%%d %%H:%%M:%%f000', at, '-7 minutes')",
}


@contextmanager
def test_database() -> Iterator[None]:
    setup_test_environment()
    kept = setup_databases(verbosity=0, interactive=False)
    try:
        yield
    finally:
        teardown_databases(kept, verbosity=0)


Took = tuple[float, float]


def milliseconds(deed: Callable[[], object]) -> Took:
    """On the clock, and of this process's work: a busy machine stretches the first."""
    started, worked = time.perf_counter(), time.process_time()
    deed()
    return (time.perf_counter() - started) * 1e3, (time.process_time() - worked) * 1e3


def attempt(user: User, at: datetime, chance: random.Random) -> LoginAttempt:
    has_failed = chance.random() < 0.3
    address = f"10.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(256)}"
    return LoginAttempt(
        at=at,
        user=user,
        pending_id=None if has_failed else uuid.uuid4(),
        outcome="refused" if has_failed else "signed in",
        stage="password" if has_failed else "check",
        address=address,
        network=address,
        country=chance.choice(["DE", "FR", "US"]),
        country_name="Somewhere",
        latitude=round(chance.uniform(-60, 60), 1),
        longitude=round(chance.uniform(-180, 180), 1),
        accuracy_radius=20,
        browser="Firefox on Linux",
        browser_key=uuid.uuid4().hex * 2,
        methods=["pwd"],
        findings=[{"rule": "new_browser", "points": 15, "words": {}}],
        score=None if has_failed else 15,
        level="" if has_failed else "low",
        is_verified=not has_failed,
    )


def fill(rows: int, users: list[User]) -> None:
    """Attempts of strangers; most of them are copies of others, at another time."""
    chance, now = random.Random(1), timezone.now()
    drawn = [
        attempt(
            users[chance.randrange(len(users))],
            now - timedelta(minutes=chance.randrange(400 * 1440)),
            chance,
        )
        for _ in range(min(DRAWN, rows))
    ]
    LoginAttempt.objects.bulk_create(drawn, batch_size=1_000)
    names = [str(field.column) for field in LoginAttempt._meta.concrete_fields]
    values = ", ".join(COPIED.get(name, name) for name in names)
    copy = (
        f"INSERT INTO anomalies_loginattempt ({', '.join(names)})"  # noqa: S608 - names of ours
        f" SELECT {values} FROM anomalies_loginattempt LIMIT %s"
    )
    with connection.cursor() as cursor:
        while (there := LoginAttempt.objects.count()) < rows:
            cursor.execute(copy, [rows - there])


def busy(user: User) -> None:
    """The person who is measured has signed in all day long, and was attacked just now."""
    chance, now = random.Random(2), timezone.now()
    rows = [attempt(user, now - timedelta(minutes=30 * number), chance) for number in range(BUSY)]
    for row in rows:
        row.latitude, row.longitude, row.country = 52.5, 13.4, "DE"
    rows += [
        LoginAttempt(
            at=now + timedelta(seconds=number),
            user=user,
            outcome="refused",
            stage="password",
            address=places.BERLIN,
            network=places.BERLIN,
        )
        for number in range(500)
    ]
    LoginAttempt.objects.bulk_create(rows, batch_size=1_000)


def one_check(user: User, factory: RequestFactory, *, counts: bool) -> tuple[Took, int]:
    """The time of what is ours at one sign-in, or the number of its queries."""
    now = timezone.now()
    request = factory.post("/sign-in/", HTTP_X_FORWARDED_FOR=places.BERLIN)
    request.META["REMOTE_ADDR"] = "127.0.0.1"
    request.COOKIES[browsers.cookie_name()] = "the browser of every day"
    request.session = {}  # type: ignore[assignment]
    pending = PendingSignIn.objects.create(
        user=user,
        amr=["passkey"],
        next_url="/",
        created_at=now,
        expires_at=now + timedelta(hours=1),
    )

    def work() -> None:
        recording.begin(request, pending, at=now)
        checking.check(request, pending, at=now)
        with transaction.atomic():
            # As it is in life, where the session is saved in the same transaction.
            outcome.started(request, user, amr=pending.amr, at=now)

    if not counts:
        return milliseconds(work), 0
    reset_queries()
    with CaptureQueriesContext(connection) as asked:
        work()
    return (0.0, 0.0), len(asked)


def say(name: str, user: User) -> None:
    factory = RequestFactory()
    # The first ones make the browser known, and tell what is told once a day.
    for _ in range(3):
        one_check(user, factory, counts=True)
    counts = {one_check(user, factory, counts=True)[1] for _ in range(COUNTED)}
    took = [one_check(user, factory, counts=False)[0] for _ in range(TRIES)]
    floor = [milliseconds(LoginAttempt.objects.first) for _ in range(TRIES)]
    rows = f"{LoginAttempt.objects.count():,}".replace(",", " ")
    print(f"{rows:>10} attempts, {name}: {sorted(counts)} queries")
    for what, which in (("clock", 0), ("work", 1)):
        times = sorted(one[which] for one in took)
        least = statistics.median(one[which] for one in floor)
        print(
            f"           {what:5} median {statistics.median(times):6.2f} ms,"
            f" p95 {times[int(len(times) * 0.95)]:6.2f} ms; one query {least:.2f} ms"
        )
    assert len(counts) == 1, counts


def main() -> None:
    settings = {"TRUSTED_PROXIES": ["127.0.0.0/8"], **places.databases()}
    with test_database(), override_settings(**settings):
        alice, bob = base.make_user("alice"), base.make_user("bob")
        strangers = [User(email=f"{uuid.uuid4().hex}@example.com") for _ in range(STRANGERS)]
        User.objects.bulk_create(strangers)
        print(connection.vendor)
        say("few", alice)
        fill(ROWS, strangers)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        say("quiet user", alice)
        busy(bob)
        say("attacked", bob)


if __name__ == "__main__":
    main()

"""What one attempt with a backup sign-in code costs, and whether its time tells anything.

Measured with a handful of rows in the table and with a million: an attempt asks for the rows of
one user by index. Times are of the clock, and of the processor, which other work on the machine
disturbs less (and which leaves out a database server). `RECOVERY_ROWS` and `RECOVERY_TRIES` set
other numbers.
"""

from __future__ import annotations

import itertools
import os
import random
import statistics
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any
from unittest import mock

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "authnode.test_settings")
django.setup()

from django.db import connection  # noqa: E402 - needs the settings
from django.test import Client, override_settings  # noqa: E402 - as above
from django.test.utils import CaptureQueriesContext  # noqa: E402 - as above
from django.utils import timezone  # noqa: E402 - as above

from accounts.models import PendingSignIn, User  # noqa: E402 - as above
from bench import measuring  # noqa: E402 - as above
from core import allowances  # noqa: E402 - as above
from recovery import services as recovery  # noqa: E402 - as above
from recovery.models import RecoveryCode, RecoverySet  # noqa: E402 - as above
from recovery.tests import people  # noqa: E402 - as above
from tests import base  # noqa: E402 - as above

ROWS = int(os.environ.get("RECOVERY_ROWS", "1000000"))
TRIES = int(os.environ.get("RECOVERY_TRIES", "2000"))
PAGES = TRIES // 3
COSTS = 100
REDEMPTIONS = 20
BATCH = 20_000
GOAL = 0.02
TITLE = "Backup sign-in codes"
CURVE = measuring.Curve(by="rows", of=("ms",), each=("deed",))
LIFTED = {
    "RECOVERY_TRIES_PER_NETWORK": 10**6,
    "RECOVERY_TRIES_PER_USER": 10**6,
    "AXES_FAILURE_LIMIT": 10**6,
}
NETWORKS = itertools.count(1)
Deed = Callable[[], object]
Medians = dict[str, tuple[float, float]]


def milliseconds(deed: Deed) -> tuple[float, float]:
    """How long it took by the clock, and how much of that the processor worked for it."""
    started, worked = time.perf_counter(), time.thread_time()
    deed()
    return (time.perf_counter() - started) * 1e3, (time.thread_time() - worked) * 1e3


def forget_attempts() -> None:
    """Nobody has counted more than a few in an hour; a bench must not carry thousands along."""
    allowances.forget_free(at=timezone.now() + timedelta(days=1))


def medians(cases: Mapping[str, Deed], tries: int) -> Medians:
    """The medians of each case, all of them in a random order each round."""
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
    chance = random.Random(1)
    for number in range(tries + 10):
        forget_attempts()
        for name in chance.sample(sorted(cases), len(cases)):
            durations = milliseconds(cases[name])
            # Whatever is done once only is done before anything is measured.
            if number >= 10:
                took[name].append(durations)
    return {name: median(durations) for name, durations in took.items()}


def median(durations: list[tuple[float, float]]) -> tuple[float, float]:
    by_clock, by_processor = zip(*durations, strict=True)
    return round(statistics.median(by_clock), 4), round(statistics.median(by_processor), 4)


def spread(found: Medians, of: int) -> float:
    values = [pair[of] for pair in found.values()]
    return (max(values) - min(values)) / statistics.median(values)


def refused(user_id: uuid.UUID, typed: str) -> None:
    try:
        recovery.verify(user_id, typed=typed)
    except recovery.CodeRefused:
        return
    raise AssertionError("a code was accepted that should not be")


def next_network() -> str:
    """Nobody is let in this often from one network."""
    number = next(NETWORKS)
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def refused_page(client: Client, typed: str) -> None:
    answer = client.post(people.PRESENT, {"code": typed}, REMOTE_ADDR=next_network())
    assert answer.status_code == 422, answer.status_code


def fill(rows: int) -> None:
    """Sets of other people, ten rows each; nobody opens what they hold."""
    while (missing := rows - RecoveryCode.objects.count()) > 0:
        now = timezone.now()
        strangers = [
            User(email=f"{uuid.uuid4().hex}@example.com")
            for _ in range(max(1, min(BATCH, missing) // recovery.COUNT))
        ]
        User.objects.bulk_create(strangers)
        sets = [RecoverySet(user=user, generated_at=now) for user in strangers]
        RecoverySet.objects.bulk_create(sets)
        codes = (
            RecoveryCode(
                recovery_set=row, user_id=row.user_id, code_hash="k1:" + "x" * 200, created_at=now
            )
            for row in sets
            for _ in range(recovery.COUNT)
        )
        RecoveryCode.objects.bulk_create(codes, batch_size=2_000)
    with connection.cursor() as cursor:
        # As the databases do by themselves after a while.
        cursor.execute("ANALYZE")


class Bench:
    """Alice has codes and has used one, Bob has none; a third person's set serves as decoy.

    Dora is like Alice, so that on the page every case has a user of its own, and all of them have
    the same history of failures.
    """

    def __init__(self) -> None:
        self.alice, self.bob = base.make_user("alice"), base.make_user("bob")
        other, dora = base.make_user("charlie"), base.make_user("dora")
        for person in (self.alice, self.bob, other, dora):
            people.add_factor(person)
        self.make_decoy(other)
        self.good = people.make_codes(self.alice)[0]
        self.renew()
        people.make_codes(dora)

    def renew(self) -> None:
        """New codes for Alice, of which one is used; the one before is superseded."""
        self.superseded = self.good
        self.used, self.good, *_ = people.make_codes(self.alice)
        recovery.consume(recovery.verify(self.alice.pk, typed=self.used), at=timezone.now())

    def make_decoy(self, other: User) -> None:
        """The first set of all is what people without codes are judged by; so it must be real."""
        self.foreign = people.make_codes(other)[0]
        made = RecoverySet.objects.get(user=other)
        first = RecoverySet(id=uuid.UUID(int=0), user=other, generated_at=timezone.now())
        RecoverySet.objects.filter(pk=made.pk).update(superseded_at=timezone.now())
        first.save(force_insert=True)
        RecoveryCode.objects.filter(user=other).update(recovery_set=first)

    def client_of(self, name: str) -> Client:
        client = Client()
        client.defaults["REMOTE_ADDR"] = next_network()
        answer = base.sign_in(client, name)
        assert answer.status_code == 302, answer.status_code
        # On a busy machine a bench takes longer than a sign-in may.
        PendingSignIn.objects.update(expires_at=timezone.now() + timedelta(days=1))
        return client

    def verifying(self) -> Medians:
        ask = partial(partial, refused)
        cases = {
            "wrong": ask(self.alice.pk, people.WRONG),
            "used": ask(self.alice.pk, self.used),
            "superseded": ask(self.alice.pk, self.superseded),
            "somebody else's": ask(self.alice.pk, self.foreign),
            "no codes": ask(self.bob.pk, people.WRONG),
            "unknown user": ask(uuid.uuid4(), people.WRONG),
        }
        return medians(cases, TRIES)

    def answering(self) -> Medians:
        cases = {
            "wrong": partial(refused_page, self.client_of("dora"), people.WRONG),
            "used": partial(refused_page, self.client_of("alice"), self.used),
            "no codes": partial(refused_page, self.client_of("bob"), people.WRONG),
        }
        return medians(cases, PAGES)

    def costs(self) -> dict[str, Any]:
        """An attempt of each kind, its queries, and a page without any of it as the floor."""
        client = self.client_of("alice")
        found = medians(
            {
                "page without it": lambda: client.get("/help/backup-codes/"),
                "verify": lambda: recovery.verify(self.alice.pk, typed=self.good),
                "refused attempt": partial(refused_page, client, people.WRONG),
            },
            COSTS,
        )
        redemptions = list(self.redemptions())
        with CaptureQueriesContext(connection) as verify:
            recovery.verify(self.alice.pk, typed=self.good)
        with CaptureQueriesContext(connection) as attempt:
            refused_page(client, people.WRONG)
        return {
            "milliseconds": found | {"redeemed": median([took for took, _ in redemptions])},
            "queries": {
                "verify": len(verify),
                "refused attempt": len(attempt),
                "redeemed": redemptions[-1][1],
            },
        }

    def redemptions(self) -> Iterator[tuple[tuple[float, float], int]]:
        """Time and queries of sign-ins that a code completes."""
        for _ in range(REDEMPTIONS):
            forget_attempts()
            client = self.client_of("alice")
            with CaptureQueriesContext(connection) as asked:
                took = milliseconds(partial(self.redeem, client))
            yield took, len(asked)
            self.renew()

    def redeem(self, client: Client) -> None:
        status = client.post(people.PRESENT, {"code": self.good}).status_code
        assert status == 302, status


def say(sheet: measuring.Sheet, title: str, found: Medians, tries: int) -> None:
    note = f"The goal is a difference below {GOAL:.0%} of the processor's time."
    title = f"{title}, median of {tries} interleaved tries"
    add = sheet.table(title, ("case", "ms", "CPU ms"), note=note)
    for name, (clock, processor) in found.items():
        add(name, clock, processor)
    add("largest difference", f"{spread(found, 0):.2%}", f"{spread(found, 1):.2%}")


def measure(sheet: measuring.Sheet) -> None:
    bench = Bench()
    say(sheet, "Looking for a code", bench.verifying(), TRIES)
    say(sheet, "The answer of the page", bench.answering(), PAGES)
    add = sheet.table("One attempt", ("rows", "deed", "ms", "CPU ms", "queries"), curve=CURVE)
    for rows in (RecoveryCode.objects.count(), ROWS):
        fill(rows)
        costs = bench.costs()
        for name, (clock, processor) in costs["milliseconds"].items():
            add(rows, name, clock, processor, costs["queries"].get(name, ""))
    say(sheet, f"Looking for a code among {ROWS} rows", bench.verifying(), TRIES)


def main() -> None:
    # A job is a row; when a worker takes it is no part of the answer.
    quick = mock.patch("jobs.sending.send", return_value=True)
    with (
        measuring.sheet("recovery", TITLE, database=connection.vendor) as sheet,
        measuring.empty_database(),
        override_settings(**LIFTED),
        quick,
    ):
        measure(sheet)


if __name__ == "__main__":
    main()

"""Auto-lock under load: races, random deadlines, and a hundred thousand rows."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import UpdateError
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEvent
from sessions_lock import activity, ending, services
from sessions_lock.models import SessionActivity
from sessions_lock.store import SessionStore
from sessions_lock.tests.clock import Clock
from sessions_lock.tests.many_rows import fill
from tests import base
from tests.figures import rounds
from tests.figures.test_foundation import say

pytestmark = pytest.mark.figures

BACKGROUND = {"X-Background": "1"}
MILLISECOND = timedelta(milliseconds=1)
MOST_AT_ONCE = 6


class DeadlineFigures(base.TransactionTestCase):
    """Through the whole stack, with a clock of its own and no sweep.

    Outside a transaction: within one PostgreSQL keeps every version of the row that is written.
    """

    def setUp(self) -> None:
        super().setUp()
        self.clock = self.enterContext(Clock())
        base.sign_in(self.client, "alice")
        self.chance = random.Random(11)

    def start(self, timeout: timedelta) -> datetime:
        self.content = getattr(self, "content", None) or SessionActivity.objects.get().session_data
        deadline = self.clock.now + timeout
        SessionActivity.objects.update(
            ended_at=None,
            session_data=self.content,
            last_activity_at=self.clock.now,
            timeout_seconds=int(timeout.total_seconds()),
            lock_deadline=deadline,
            absolute_deadline=self.clock.now + timedelta(hours=12),
        )
        return deadline

    def test_serves_nothing_past_a_deadline(self) -> None:
        late, refused, total = 0, 0, rounds(100, 10_000)
        for number in range(total):
            start, timeout = self.clock.now, timedelta(seconds=self.chance.randint(300, 3600))
            deadline = self.start(timeout)
            edges = (-MILLISECOND, timedelta(0), MILLISECOND)
            random_offset = timedelta(seconds=self.chance.uniform(-1, 1) * timeout.total_seconds())
            offset = edges[number % 6] if number % 6 < 3 else random_offset
            self.clock.now = deadline + offset
            headers = BACKGROUND if number % 2 else {}
            is_served = self.client.get("/codes/", headers=headers).status_code == 200
            late += is_served and offset >= timedelta(0)
            refused += not is_served and offset < timedelta(0)
            self.clock.now = start

        say("requests served at or past the deadline", late, total)
        say("requests refused before the deadline", refused, total)

    def test_locks_on_time_with_heartbeats_alone(self) -> None:
        wrong, total = 0, rounds(2, 50)
        for _ in range(total):
            start, timeout = self.clock.now, timedelta(seconds=self.chance.randint(300, 3600))
            deadline = self.start(timeout)
            while self.clock.now < start + 3 * timeout:
                self.clock.now += timedelta(seconds=30)
                status = self.client.get("/session/", headers=BACKGROUND).status_code
                wrong += (status == 200) != (self.clock.now < deadline)
            self.clock.now = start

        say("timeouts, three times over, that heartbeats alone prolonged", wrong, total)


class RaceFigures(base.TransactionTestCase):
    """Two at once, many times. `at` decides, so that both see the same deadline."""

    total = rounds(25, 1_000)

    def session(self, *, deadline: datetime) -> tuple[SessionStore, SessionActivity]:
        store = SessionStore()
        store[SESSION_KEY] = str(self.alice.pk)
        store.save()
        rows = SessionActivity.objects.filter(key_hash__gt="", ended_at=None, user=self.alice)
        row = rows.latest("started_at")
        before = deadline - timedelta(minutes=15)
        rows.filter(pk=row.pk).update(lock_deadline=deadline, last_activity_at=before)
        return store, SessionActivity.objects.get(pk=row.pk)

    def setUp(self) -> None:
        super().setUp()
        # The threads stay, each with its connection: opening one takes longer than the race.
        self.pool = ThreadPoolExecutor(MOST_AT_ONCE)
        self.addCleanup(self.pool.shutdown)
        self.addCleanup(self.at_once, *[_close] * MOST_AT_ONCE)

    def at_once(self, *deeds: Callable[[], Any]) -> list[Any]:
        gate = threading.Barrier(len(deeds))

        def run(deed: Callable[[], Any]) -> Any:
            gate.wait()
            return deed()

        return list(self.pool.map(run, deeds))

    def judge(self, row: SessionActivity, *, was_moved: bool, was_ended: bool) -> bool:
        """Exactly one of the two has won, and the row says the same; it is recorded once."""
        after = SessionActivity.objects.get(pk=row.pk)
        events = AuditEvent.objects.filter(facts__session_id=str(row.pk)).count()
        is_one = was_moved != was_ended and events == int(was_ended)
        is_so = (after.ended_at is not None) == was_ended
        has_moved = after.lock_deadline != row.lock_deadline
        return is_one and is_so and has_moved == was_moved

    def test_heartbeat_against_sweep(self) -> None:
        wrong, won = 0, 0
        for _ in range(self.total):
            deadline = timezone.now() + timedelta(minutes=1)
            row = self.session(deadline=deadline)[1]
            moved, swept = self.at_once(
                partial(activity.note, _copy(row), at=deadline - MILLISECOND),
                partial(ending.sweep, at=deadline),
            )
            wrong += not self.judge(row, was_moved=moved, was_ended=swept == 1)
            won += moved
            SessionActivity.objects.all().delete()

        print(f"\nthe heartbeat came first in {won} of {self.total} rounds")
        say("heartbeats against a sweep: revived, or counted twice", wrong, self.total)

    def test_heartbeat_against_the_deadline(self) -> None:
        wrong, won = 0, 0
        for _ in range(self.total):
            deadline = timezone.now() + timedelta(minutes=1)
            row = self.session(deadline=deadline)[1]
            moved, locked = self.at_once(
                partial(activity.note, _copy(row), at=deadline - MILLISECOND),
                partial(ending.lock_lapsed, _copy(row), at=deadline),
            )
            wrong += not self.judge(row, was_moved=moved, was_ended=locked)
            won += moved
            SessionActivity.objects.all().delete()

        print(f"\nthe heartbeat came first in {won} of {self.total} rounds")
        say("heartbeats against the deadline: revived, or both won", wrong, self.total)

    def test_slow_request_against_the_lock(self) -> None:
        revived = 0
        for _ in range(self.total):
            store, row = self.session(deadline=timezone.now() + timedelta(minutes=1))
            key = store.session_key or ""
            self.at_once(
                partial(_save_slowly, key),
                partial(services.lock, row.pk, at=timezone.now()),
            )
            after = SessionActivity.objects.get(pk=row.pk)
            is_live = bool(dict(SessionStore(key).items()))
            revived += is_live or after.ended_at is None or after.session_data != ""
            SessionActivity.objects.all().delete()

        say("slow requests that brought a locked session back", revived, self.total)

    def test_sign_ins_at_once_keep_to_the_limit(self) -> None:
        wrong, total = 0, max(2, self.total // 20)
        with override_settings(SESSIONS_PER_USER=3):
            for _ in range(total):
                self.at_once(*[partial(_sign_in, self.alice)] * MOST_AT_ONCE)
                live = SessionActivity.objects.live(at=timezone.now()).count()
                wrong += live != 3
                SessionActivity.objects.all().delete()

        say("rounds of 6 sign-ins at once that left other than 3 sessions", wrong, total)

    def test_two_sweeps(self) -> None:
        wrong = 0
        for _ in range(self.total):
            now = timezone.now()
            fill(5, user=self.alice, deadline=now)
            before = AuditEvent.objects.count()
            swept = self.at_once(*[partial(ending.sweep, at=now)] * 2)
            recorded = AuditEvent.objects.count() - before
            left = SessionActivity.objects.filter(ended_at=None).count()
            wrong += (sum(swept), recorded, left) != (5, 5, 0)
            SessionActivity.objects.all().delete()

        say("two sweeps at once that missed a row or counted one twice", wrong, self.total)


class SweepFigures(base.TransactionTestCase):
    def test_ends_ten_thousand_within_five_seconds(self) -> None:
        total = rounds(1_000, 10_000)
        now = timezone.now()
        fill(rounds(10_000, 90_000), user=self.bob, deadline=now + timedelta(minutes=5))
        fill(total, user=self.alice, deadline=now - timedelta(minutes=1))

        started, worked = time.perf_counter(), time.process_time()
        swept = ending.sweep(at=now)
        took, work = time.perf_counter() - started, time.process_time() - worked

        among = SessionActivity.objects.count()
        print(f"\na sweep of {swept} expired among {among}: {took:.2f} s, {work:.2f} s of work")
        assert swept == total == AuditEvent.objects.filter(event="session.locked").count()
        # On a machine that does other things at the same time only the work can be judged.
        assert min(took, work) < 5


def _close() -> None:
    connection.close()


def _copy(row: SessionActivity) -> SessionActivity:
    """The row as another request has read it."""
    return SessionActivity(
        **{field.attname: getattr(row, field.attname) for field in row._meta.fields}
    )


def _sign_in(user: User) -> None:
    with transaction.atomic():
        store = SessionStore()
        store[SESSION_KEY] = str(user.pk)
        store.save()
        services.keep_to_limit(user, at=timezone.now())


def _save_slowly(key: str) -> None:
    store = SessionStore(key)
    store["word"] = "from before the lock"
    try:
        store.save()
        store.cycle_key()
        store.save()
    except UpdateError:
        pass

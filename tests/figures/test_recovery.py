"""Backup sign-in codes under real concurrency: over HTTP, and against making new ones."""

from __future__ import annotations

import http.client
import os
import random
import signal
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.servers.basehttp import ThreadedWSGIServer
from django.db import close_old_connections, connection, connections, transaction
from django.test import Client, LiveServerTestCase, override_settings
from django.test.testcases import LiveServerThread
from django.utils import timezone

from accounts import factors, signin
from accounts.models import PendingSignIn, User
from audit.models import AuditEvent
from recovery import codes
from recovery import services as recovery
from recovery.models import RecoveryCode, RecoverySet
from recovery.tests import people
from sessions_lock.models import SessionActivity
from sessions_lock.store import SessionStore
from tests import base
from tests.figures import rounds
from tests.figures.test_foundation import say

pytestmark = pytest.mark.figures
CSRF = "c" * 32
# Enough for a queue of fifty sign-ins on two cores.
TIMEOUT = 120


def waiting_sign_in(user: User) -> str:
    """The session key of a browser that has shown the password and not the factor."""
    now = timezone.now()
    row = PendingSignIn.objects.create(
        user=user, amr=["pwd"], next_url="/", created_at=now, expires_at=now + timedelta(hours=1)
    )
    store = SessionStore()
    store[signin.PENDING_KEY] = {
        "id": str(row.id),
        "user_id": str(user.id),
        "credentials_version": user.credentials_version,
    }
    store.create()
    return store.session_key or ""


class RoomyServer(ThreadedWSGIServer):
    """Its queue takes everybody who comes at once; the stock one resets the eleventh."""

    request_queue_size = 256


class RoomyThread(LiveServerThread):
    server_class = RoomyServer


@override_settings(
    RECOVERY_TRIES_PER_NETWORK=10**6,
    RECOVERY_TRIES_PER_USER=10**6,
    TRUSTED_PROXIES=["127.0.0.0/8"],
    AXES_ENABLED=False,
)
class HttpFigures(LiveServerTestCase):
    databases = set(settings.DATABASES)
    server_thread_class = RoomyThread

    def setUp(self) -> None:
        cache.clear()
        self.number, self.fixed_address = 0, ""

    def attempt(self, key: str, code: str, address: str, start: threading.Barrier) -> int:
        host = urlsplit(self.live_server_url).netloc
        client = http.client.HTTPConnection(host, timeout=TIMEOUT)
        body = urlencode({"code": code, "csrfmiddlewaretoken": CSRF})
        headers = {
            "Cookie": f"session={key}; csrf={CSRF}",
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Forwarded-For": address,
        }
        start.wait()
        client.request("POST", people.PRESENT, body, headers)
        response = client.getresponse()
        response.read()
        client.close()
        return response.status

    def next_address(self) -> str:
        if self.fixed_address:
            return self.fixed_address
        self.number += 1
        return f"10.{self.number >> 16 & 255}.{self.number >> 8 & 255}.{self.number & 255}"

    def people_with_codes(self, total: int) -> Iterator[tuple[User, str]]:
        for number in range(0, total, recovery.COUNT):
            user = base.make_user(f"person{number}", with_slot=False)
            people.add_factor(user)
            for code in people.make_codes(user)[: total - number]:
                yield user, code

    def redeem_at_once(self, user: User, code: str, tries: int) -> Counter[int]:
        keys = [waiting_sign_in(user) for _ in range(tries)]
        start = threading.Barrier(tries)
        with ThreadPoolExecutor(tries) as pool:
            answers = [
                pool.submit(self.attempt, key, code, self.next_address(), start) for key in keys
            ]
            return Counter(answer.result() for answer in answers)

    def test_redeems_each_code_exactly_once(self) -> None:
        total, tries, wrong = rounds(3, 200), rounds(12, 50), 0
        for user, code in self.people_with_codes(total):
            statuses = self.redeem_at_once(user, code, tries)
            wrong += statuses != Counter({302: 1, 422: tries - 1})

        sessions = SessionActivity.objects.filter(user__isnull=False).count()
        assert sessions == total
        assert RecoveryCode.objects.exclude(used_at=None).count() == total
        say(f"codes tried {tries} times at once over HTTP, not redeemed exactly once", wrong, total)

    @override_settings(RECOVERY_TRIES_PER_NETWORK=5, RECOVERY_TRIES_PER_USER=10)
    def test_evaluates_five_of_a_hundred_attempts(self) -> None:
        wrong, total = 0, rounds(1, 20)
        for number in range(total):
            user = base.make_user(f"guessed{number}", with_slot=False)
            people.add_factor(user)
            people.make_codes(user)
            self.fixed_address = f"192.0.2.{number + 1}"
            statuses = self.redeem_at_once(user, people.WRONG, 100)
            evaluated = AuditEvent.objects.filter(
                event="recovery.refused", user=user.pk, facts__reason="code wrong"
            ).count()
            wrong += evaluated != 5 or statuses != Counter({429: 95, 422: 5})

        say("rounds of 100 attempts at once that did not evaluate exactly 5", wrong, total)


class RegenerateFigures(base.TransactionTestCase):
    def test_never_accepts_an_old_code_once_the_new_ones_are_in_force(self) -> None:
        people.add_factor(self.alice)
        old = people.make_codes(self.alice)
        late, torn, total, won = 0, 0, rounds(30, 1_000), 0
        for _ in range(total):
            current = RecoverySet.objects.valid().get()
            with ThreadPoolExecutor(2) as pool:
                start = threading.Barrier(2)
                redeemed = pool.submit(_redeem, self.alice, old[0], start)
                made = pool.submit(_regenerate, self.alice, current.pk, start)
                was_valid, old = redeemed.result(), made.result()
            won += was_valid is not None
            late += was_valid is False
            torn += not _holds(self.alice, current.pk, old, was_redeemed=was_valid is not None)

        print(f"\nthe redemption came first in {won} of {total} rounds")
        say("old codes that were accepted after new ones were in force", late, total)
        say("rounds that left two sets, a half-used code or an old code that works", torn, total)


@override_settings(RECOVERY_TRIES_PER_NETWORK=10**6, RECOVERY_TRIES_PER_USER=10**6)
class KillFigures(base.TransactionTestCase):
    def attempt(self) -> Callable[[], object]:
        """A sign-in that waits for its backup code, and the step that shows it."""
        RecoverySet.objects.all().delete()
        SessionActivity.objects.all().delete()
        code, client = people.make_codes(self.alice)[0], Client()
        base.sign_in(client, "alice")
        return partial(client.post, people.PRESENT, {"code": code})

    def test_never_leaves_half_a_sign_in(self) -> None:
        people.add_factor(self.alice)
        chance, total = random.Random(1), rounds(6, 300)
        whole = statistics.median(_run_apart(self.attempt()) for _ in range(3))
        torn, both = 0, 0
        for _ in range(total):
            _run_apart(self.attempt(), killed_after=chance.uniform(0, 1.5 * whole))
            used = RecoveryCode.objects.exclude(used_at=None).count()
            torn += used != SessionActivity.objects.filter(user=self.alice).count()
            both += used

        print(f"\nkilled at a random moment: {total - both} times neither, {both} times both")
        say("kills that left a burned code without a session, or the reverse", torn, total)


def _run_apart(deed: Callable[[], object], *, killed_after: float = 0) -> float:
    """Do it in a process of its own, killed with SIGKILL after so many seconds if any are given."""
    connections.close_all()
    started = time.perf_counter()
    child = os.fork()
    if child == 0:
        try:
            deed()
        finally:
            os._exit(0)
    if killed_after:
        time.sleep(killed_after)
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return time.perf_counter() - started


def _redeem(user: User, code: str, start: threading.Barrier) -> bool | None:
    """Whether the set still was the valid one when the burn was final; None when refused."""
    close_old_connections()
    try:
        start.wait()
        code_id = recovery.verify(user.pk, typed=code)
        with transaction.atomic():
            recovery.consume(code_id, at=timezone.now())
            # Read under the lock that the burn holds, just before the commit.
            return RecoverySet.objects.valid().filter(codes=code_id).exists()
    except (recovery.CodeRefused, factors.ProofRefused):
        return None
    finally:
        connection.close()


def _regenerate(user: User, replaces: UUID, start: threading.Barrier) -> tuple[str, ...]:
    close_old_connections()
    try:
        start.wait()
        return recovery.generate(user, replaces=replaces, at=timezone.now()).codes
    finally:
        connection.close()


def _holds(user: User, old_set: UUID, new: tuple[str, ...], *, was_redeemed: bool) -> bool:
    used = RecoveryCode.objects.filter(recovery_set=old_set).exclude(used_at=None).count()
    valid = list(RecoverySet.objects.valid().filter(user=user).values_list("pk", flat=True))
    recovery.verify(user.pk, typed=codes.grouped(codes.read(new[0])))
    return used == int(was_redeemed) and len(valid) == 1 and old_set not in valid

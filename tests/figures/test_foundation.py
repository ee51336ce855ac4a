"""The large numbers behind what the suite checks with small ones (`make figures`).

Each prints what it counted. With no failure in N rounds the upper bound at 95 % is about 3/N.
"""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import close_old_connections, connection
from django.test import Client
from django.utils import timezone

from core import allowances, sealing
from core.tests.test_sealing import mutate
from sessions_lock.store import SessionStore
from tests import base
from tests.figures import rounds

pytestmark = pytest.mark.figures


def say(what: str, failures: int, total: int) -> None:
    print(f"\n{what}: {failures} failures in {total} (95 % bound {3 / total:.1e})")
    assert failures == 0


class SealingFigures(base.TestCase):
    def test_accepts_no_changed_token(self) -> None:
        token = sealing.seal("purpose", "owner", "place", b"some secret")
        chance, accepted, total = random.Random(1), 0, rounds(2_000, 100_000)
        for _ in range(total):
            try:
                sealing.unseal("purpose", "owner", "place", mutate(token, chance))
            except sealing.SealingError:
                continue
            accepted += 1

        say("changed tokens accepted", accepted, total)


class AllowanceFigures(base.TransactionTestCase):
    def test_lets_exactly_five_of_fifty_through(self) -> None:
        wrong, total = 0, rounds(5, 100)
        for number in range(total):
            with ThreadPoolExecutor(10) as pool:
                passed = sum(pool.map(_passes, [f"key {number}"] * 50))
            wrong += passed != 5

        say("rounds of 50 parallel tries that did not let exactly 5 through", wrong, total)


class SessionFigures(base.TestCase):
    def test_answers_no_request_under_an_old_key(self) -> None:
        self.sign_in_as("alice")
        accepted, total = 0, rounds(50, 1_000)
        for _ in range(total):
            old = self.client.cookies["session"].value
            store = SessionStore(old)
            store.cycle_key()
            self.client.cookies["session"] = store.session_key or ""
            late = Client()
            late.cookies["session"] = old
            accepted += late.get("/settings/").status_code == 200
            assert self.client.get("/health/live").status_code == 200

        say("requests answered under an old session key", accepted, total)


def _passes(key: str) -> bool:
    close_old_connections()
    try:
        allowances.claim("figures", key, limit=5, per=timedelta(hours=1), at=timezone.now())
    except allowances.Spent:
        return False
    finally:
        connection.close()
    return True

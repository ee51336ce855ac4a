from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import close_old_connections, connection, transaction

from core import allowances
from tests import base

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def claim(key: str = "alice", *, at: datetime = NOON, limit: int = 5) -> None:
    allowances.claim("export", key, limit=limit, per=HOUR, at=at)


class AllowanceTests(base.TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        """No people are needed."""

    def test_lets_the_limit_through_and_no_more(self) -> None:
        for _ in range(5):
            claim()

        with pytest.raises(allowances.Spent) as refusal:
            claim()
        assert refusal.value.retry_at == NOON + HOUR

    def test_counts_each_key_for_itself(self) -> None:
        for _ in range(5):
            claim("alice")

        claim("bob")

    def test_slides_so_that_no_edge_lets_twice_as_many_through(self) -> None:
        for minute in (0, 55, 56, 57, 58):
            claim(at=NOON + timedelta(minutes=minute))

        claim(at=NOON + timedelta(minutes=60))
        with pytest.raises(allowances.Spent) as refusal:
            claim(at=NOON + timedelta(minutes=61))
        assert refusal.value.retry_at == NOON + timedelta(minutes=115)

    def test_forgets_only_what_is_free(self) -> None:
        claim(at=NOON)
        claim(at=NOON + timedelta(minutes=30))

        assert allowances.forget_free(at=NOON + HOUR) == 1


class ParallelAllowanceTests(base.TransactionTestCase):
    def setUp(self) -> None:
        """No people are needed."""

    def test_lets_exactly_the_limit_through_in_parallel(self) -> None:
        for attempt in range(3):
            with ThreadPoolExecutor(10) as pool:
                passed = list(pool.map(_passes, [f"key {attempt}"] * 40))
            assert sum(passed) == 5

    def test_refuses_to_be_part_of_a_transaction_that_may_roll_back(self) -> None:
        with pytest.raises(RuntimeError), transaction.atomic():
            claim()


def _passes(key: str) -> bool:
    close_old_connections()
    try:
        claim(key)
    except allowances.Spent:
        return False
    finally:
        connection.close()
    return True

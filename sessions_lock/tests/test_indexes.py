from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar
from unittest import mock

from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sessions_lock import ending
from sessions_lock.models import SessionActivity
from sessions_lock.store import SessionStore, hash_key
from sessions_lock.tests.many_rows import fill
from tests import base

# SQLite plans by the same rules for few rows; filling more would only take time.
ROWS = 100_000 if connection.vendor == "postgresql" else 5_000
TABLE = "sessions_lock_sessionactivity"


class IndexTests(base.TestCase):
    """With a hundred thousand rows nothing that is asked often reads them all."""

    now: ClassVar[datetime]

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.now = timezone.now()
        fill(ROWS - 100, user=cls.alice, deadline=cls.now + timedelta(minutes=10))
        fill(100, user=cls.bob, deadline=cls.now)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    def assert_indexed(self, plan: str) -> None:
        assert TABLE in plan, plan
        scans = (f"Seq Scan on {TABLE}", f"SCAN {TABLE}")
        assert not any(scan in plan for scan in scans), plan

    def plan_of(self, rows: QuerySet[Any]) -> str:
        return str(rows.explain())

    def test_serves_the_look_up_of_a_session(self) -> None:
        key_hash = hash_key("some key")
        live = SessionActivity.objects.filter(key_hash=key_hash)
        former = SessionActivity.objects.filter(
            previous_key_hash=key_hash, previous_until__gt=self.now, ended_at=None
        )
        for rows in (live, live.order_by("pk")[:1], former):
            self.assert_indexed(self.plan_of(rows))

    def test_serves_the_queries_of_a_request_as_they_are(self) -> None:
        with CaptureQueriesContext(connection) as queries:
            SessionStore("some key").keys()
        assert len(queries) == 2
        for query in queries:
            self.assert_indexed(self.explain(query["sql"]))

    def test_serves_the_sweep_as_it_is(self) -> None:
        with CaptureQueriesContext(connection) as queries, mock.patch.object(ending, "BATCH", 50):
            assert ending.sweep(at=self.now) == 100
        selects = [q["sql"] for q in queries if q["sql"].startswith("SELECT") and TABLE in q["sql"]]
        updates = [q["sql"] for q in queries if q["sql"].startswith("UPDATE")]
        assert len(selects) == 3
        for sql in (*selects, *updates):
            self.assert_indexed(self.explain(sql))

    def test_serves_the_page_of_ones_own_sessions(self) -> None:
        live = SessionActivity.objects.live(at=self.now + timedelta(minutes=1))
        self.assert_indexed(self.plan_of(live.filter(user=self.bob)))

    def explain(self, sql: str) -> str:
        words = {"postgresql": "EXPLAIN ", "sqlite": "EXPLAIN QUERY PLAN "}[connection.vendor]
        with connection.cursor() as cursor:
            cursor.execute(words + sql.replace("%", "%%"))
            return "\n".join(" ".join(map(str, row)) for row in cursor.fetchall())

from __future__ import annotations

import json
import logging
from typing import Any

from django.test import override_settings

from audit import context
from authnode.logs import JsonFormatter
from tests import base
from vault.tests.making import make_entry

TOKEN = "a-token-of-more-than-twenty"


@override_settings(METRICS_TOKEN=TOKEN)
class MetricsTests(base.TestCase):
    def ask(self, authorization: str = f"Bearer {TOKEN}") -> Any:
        return self.client.get("/metrics", headers={"Authorization": authorization})

    def test_counts_what_is_there(self) -> None:
        make_entry(self.alice)
        self.sign_in_as("alice")

        text = self.ask().content.decode()

        for line in ("authnode_users 3.0", "authnode_entries 1.0", "authnode_sessions 1.0"):
            assert line in text
        assert 'authnode_events_last_day{event="session.started"} 1.0' in text
        assert 'authnode_jobs{state="failed"} 0.0' in text
        assert "authnode_beat_age_seconds +Inf" in text

    def test_names_nobody(self) -> None:
        make_entry(self.alice)
        self.sign_in_as("alice")

        text = self.ask().content.decode()

        for word in ("alice", "GitHub", "127.0.0.1", str(self.alice.pk)):
            assert word not in text

    def test_is_nothing_without_the_token(self) -> None:
        for shown in ("", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x"):
            assert self.ask(shown).status_code == 404
        with override_settings(METRICS_TOKEN=""):
            assert self.ask("Bearer ").status_code == 404

    def test_takes_the_same_queries_for_one_and_for_many(self) -> None:
        with self.assertNumQueries(15):
            self.ask()


class JsonLogTests(base.TestCase):
    def line(self, **changes: Any) -> dict[str, str]:
        record = logging.LogRecord("vault", logging.ERROR, "x.py", 1, "A %s line", ("long",), None)
        record.__dict__.update(changes)
        written: dict[str, str] = json.loads(JsonFormatter().format(record))
        return written

    def test_writes_one_object_a_line(self) -> None:
        line = self.line()

        assert (line["level"], line["logger"], line["message"]) == ("ERROR", "vault", "A long line")
        assert line["time"].endswith("+00:00")

    def test_names_the_request_and_never_the_address(self) -> None:
        token = context.enter(context.Origin(address="192.0.2.7", request_id="r" * 32))
        self.addCleanup(context.leave, token)

        line = self.line()

        assert line["request_id"] == "r" * 32
        assert "192.0.2.7" not in json.dumps(line)

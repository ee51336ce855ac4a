from __future__ import annotations

from datetime import timedelta
from unittest import mock

from django.test import override_settings
from django.utils import timezone

from audit import anchors
from jobs import tasks
from jobs.models import Heartbeat
from tests import base


class HealthTests(base.TestCase):
    def test_is_live_whatever_else_fails(self) -> None:
        with self.assertNumQueries(0):
            assert self.client.get("/health/live").json() == {"status": "ok"}

    def test_is_ready_when_every_part_answers(self) -> None:
        tasks.beat()

        # No anchor: what another test has left in the folder is of a database of its own.
        with mock.patch.object(anchors, "newest", return_value=None):
            response = self.client.get("/health/ready")

        assert response.status_code == 200
        assert response.json() == {
            "status": "ok", "database": "ok", "cache": "ok", "migrations": "ok", "beat": "ok",
            "backups": "ok", "audit": "ok",
        }  # fmt: skip

    def test_shows_an_audit_chain_that_lost_its_end_and_stays_ready(self) -> None:
        tasks.beat()
        cut = anchors.Anchor(10**6, "a" * 64, timezone.now())

        with mock.patch.object(anchors, "newest", return_value=cut):
            response = self.client.get("/health/ready")

        assert response.status_code == 200
        assert response.json()["audit"] == "failed"

    def test_says_when_beat_is_late(self) -> None:
        tasks.beat()
        Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=4))

        response = self.client.get("/health/ready")

        assert response.status_code == 503
        assert response.json()["beat"] == "late"

    @override_settings(
        CACHES={
            "default": {
                "BACKEND": "django_redis.cache.RedisCache",
                "LOCATION": "redis://127.0.0.1:1/0",
            }
        }
    )
    def test_says_when_the_cache_is_away(self) -> None:
        with self.assertLogs("authnode.health", level="ERROR"):
            response = self.client.get("/health/ready")

        assert response.status_code == 503
        assert response.json()["cache"] == "failed"

from __future__ import annotations

import subprocess
import sys
from unittest import skipIf

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import RequestFactory, override_settings

from core import throttle
from tests import base

COUNT = """
import sys
from django.conf import settings
settings.DATABASES["cache"]["NAME"] = sys.argv[1]
import django; django.setup()
from django.core.cache import cache
for _ in range(100):
    cache.incr("counter")
"""


class CacheTests(base.TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        """No people are needed."""

    def test_increments_and_keeps_the_expiry(self) -> None:
        cache.add("counter", 1, 3600)

        assert cache.incr("counter") == 2
        assert cache.incr("counter", 5) == 7
        assert cache.get("counter") == 7

    def test_refuses_to_increment_what_is_not_there(self) -> None:
        cache.set("gone", 1, 0)
        for key in ("absent", "gone"):
            with pytest.raises(ValueError, match="not found"):
                cache.incr(key)


@skipIf(bool(settings.REDIS_URL), "Redis counts by itself; this is about the embedded cache")
class ParallelCacheTests(base.TransactionTestCase):
    def setUp(self) -> None:
        """No people are needed."""

    def test_loses_no_count_between_processes(self) -> None:
        cache.set("counter", 0, 3600)
        command = [sys.executable, "-c", COUNT, str(settings.DATABASES["cache"]["NAME"])]

        running = [subprocess.Popen(command) for _ in range(4)]

        assert [process.wait(60) for process in running] == [0, 0, 0, 0]
        assert cache.get("counter") == 400


class ThrottleTests(base.TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        """No people are needed."""

    def count(self, address: str = "203.0.113.5") -> None:
        request = RequestFactory().get("/", REMOTE_ADDR=address)
        throttle.count(request, group="page", rate="3/h")

    def test_refuses_beyond_the_rate_and_says_for_how_long(self) -> None:
        for _ in range(3):
            self.count()

        with pytest.raises(throttle.TooManyRequests) as refusal:
            self.count()
        assert 0 < refusal.value.retry_after <= 3600

    def test_counts_networks_apart_and_an_ipv6_64_as_one(self) -> None:
        for last in range(3):
            self.count(f"2001:db8::{last}")

        self.count("203.0.113.6")
        with pytest.raises(throttle.TooManyRequests):
            self.count("2001:db8::ffff")

    @override_settings(
        CACHES={
            "default": {
                "BACKEND": "django_redis.cache.RedisCache",
                "LOCATION": "redis://127.0.0.1:1/0",
            }
        }
    )
    def test_refuses_when_it_cannot_count(self) -> None:
        with (
            self.assertLogs("core.throttle", level="ERROR"),
            pytest.raises(throttle.TooManyRequests),
        ):
            self.count()

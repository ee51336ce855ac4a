from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from unittest import mock
from uuid import uuid4

from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from django.utils import timezone

from accounts.help import services as factor_help
from accounts.help.tests.test_resets import give_factors
from accounts.models import User
from anomalies.models import LoginAttempt, ReviewCase
from anomalies.overview import kind_of
from anomalies.tests.people import make_attempt
from audit import anchors, chain
from audit import overview as audit_overview
from audit import services as audit
from audit.models import AuditEvent, ChainHead
from authnode import overview
from core.overview import DayChart, Figure, Series
from jobs.models import Job
from recovery.models import RecoveryCode
from recovery.tests.people import make_codes
from tests import base

Outcome, Decision = LoginAttempt.Outcome, LoginAttempt.Decision


def figures(user: User) -> dict[str, Figure]:
    found = overview.gather(user, at=timezone.now())
    assert found.failed == []
    return {figure.name: figure for section in found.sections for figure in section.figures}


def make_job(state: str, **columns: Any) -> Job:
    now = timezone.now()
    wanted = {"kind": "mail", "subject": uuid4(), "not_before": now, "created_at": now}
    return Job.objects.create(state=state, **(wanted | columns))


def fill(people: list[User]) -> None:
    """Something to be counted in every figure."""
    now = timezone.now()
    for user in people:
        give_factors(user)
        make_codes(user)
        attempt = make_attempt(user, outcome=Outcome.REFUSED)
        ReviewCase.objects.create(attempt=attempt, user=user, origin="score", opened_at=now)
        make_job(Job.State.WAITING)
        make_job(Job.State.FAILED, finished_at=now)
        factor_help.request_reset(user, reason="Phone lost", by=None, at=now)
        audit.record("session.started", user=user.pk, at=now)


class OverviewPageTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("charlie")

    def test_counts_what_the_lists_behind_the_figures_show(self) -> None:
        fill([self.alice, self.bob])
        used = RecoveryCode.objects.filter(user=self.bob).values("pk")[:8]
        RecoveryCode.objects.filter(pk__in=used).update(used_at=timezone.now())
        chain.seal(at=timezone.now())
        compared = []

        for name, figure in figures(self.charlie).items():
            path = figure.url.partition("?")[0]
            if not path or "changelist" not in str(resolve(path).url_name):
                continue
            listed = (self.client.get(figure.url).context or {}).get("cl")
            if listed is not None and isinstance(figure.value, int) and name != "unsealed":
                assert listed.result_count == figure.value, name
                compared.append(name)

        assert set(compared) >= {"with-factor", "without-factor", "codes-none", "codes-low"}
        assert set(compared) >= {"cases", "sessions", "queue", "failed-jobs", "resets", "chain"}
        assert figures(self.charlie)["codes-low"].value == 1

    def test_asks_as_much_of_the_database_for_many_as_for_one(self) -> None:
        fill([self.alice])
        few = self.count_queries()
        fill([base.make_user(f"user{number}") for number in range(6)])

        assert self.count_queries() == few
        assert few < 45

    def count_queries(self) -> int:
        self.client.get("/admin/")
        with CaptureQueriesContext(connection) as asked:
            self.assertContains(self.client.get("/admin/"), "Without a second factor")
        return len(asked)

    def test_is_drawn_without_scripts_and_styles_of_its_own(self) -> None:
        make_attempt(self.alice)

        page = self.client.get("/admin/").content.decode()

        assert page.count("<svg") >= 2
        assert "As a table" in page
        assert not re.search(r"\sstyle=|<style", page)
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page))

    def test_says_what_could_not_be_counted(self) -> None:
        with (
            override_settings(OVERVIEW=["jobs.overview.figures", "core.nowhere.figures"]),
            self.assertLogs("authnode.overview", "ERROR"),
        ):
            response = self.client.get("/admin/")

        self.assertContains(response, "Could not be counted")
        self.assertContains(response, "Jobs in the queue")

    def test_shows_nobody_what_they_may_not_see(self) -> None:
        assert figures(self.charlie)
        assert figures(self.alice) == {}

    def test_is_for_operators(self) -> None:
        for client in (Client(), self.sign_in_as("alice", Client())):
            assert client.get("/admin/").status_code == 302


class FigureTests(base.TestCase):
    def test_tells_of_late_and_failed_work(self) -> None:
        past = timezone.now() - timedelta(hours=1)
        make_job(Job.State.WAITING, not_before=past)
        make_job(Job.State.FAILED, finished_at=past - timedelta(days=30))

        found = figures(self.charlie)

        assert (found["queue"].value, found["queue"].tone) == (1, "warning")
        assert found["failed-jobs"].value == 0

    def test_finds_an_audit_chain_that_was_cut(self) -> None:
        for _ in range(3):
            audit.record("session.started", user=self.alice.pk, at=timezone.now())
        chain.seal(at=timezone.now())
        head = ChainHead.objects.get()
        anchor = anchors.Anchor(head.position, head.mac, timezone.now())
        assert audit_overview.fits(head, anchor)

        last = AuditEvent.objects.get(position=head.position)
        AuditEvent.objects.filter(pk=last.pk)._raw_delete(using="default")

        assert not audit_overview.fits(head, None)
        shorter = ChainHead(position=head.position - 1, mac=self.mac_at(head.position - 1))
        assert audit_overview.fits(shorter, None)
        assert not audit_overview.fits(shorter, anchor)

    def mac_at(self, position: int) -> str:
        return AuditEvent.objects.get(position=position).chain_mac

    def test_shows_pending_migrations(self) -> None:
        with mock.patch("authnode.startup.missing_migrations", return_value=["vault.0009"]):
            found = figures(self.charlie)["migrations"]

        assert (found.value, found.tone) == (1, "problem")


class SignInChartTests(base.TestCase):
    def test_tells_good_failed_and_challenged_apart(self) -> None:
        assert kind_of(Outcome.SIGNED_IN, Decision.ALLOW) == "good"
        assert kind_of(Outcome.SIGNED_IN, Decision.VERIFY) == "middle"
        assert kind_of(Outcome.HELD, Decision.HOLD) == "middle"
        assert kind_of(Outcome.REFUSED, "") == "bad"
        assert kind_of(Outcome.BLOCKED, Decision.BLOCK) == "bad"
        assert kind_of(Outcome.UNFINISHED, "") == ""

    def test_counts_by_day(self) -> None:
        now = timezone.now().replace(hour=12)
        for back, count in ((0, 3), (1, 2), (13, 1), (14, 5)):
            for _ in range(count):
                make_attempt(self.alice, at=now - timedelta(days=back))

        chart = self.chart()

        good = chart.series[0].values
        assert (good[-1], good[-2], good[0], chart.total) == (3, 2, 1, 6)

    def chart(self) -> DayChart:
        sections = overview.gather(self.charlie, at=timezone.now().replace(hour=23)).sections
        charts = [chart for section in sections for chart in section.charts]
        return next(chart for chart in charts if isinstance(chart, DayChart))

    def test_stacks_columns_that_never_leave_the_frame(self) -> None:
        series = [Series("good", "good", (1000, 0)), Series("bad", "failed", (1, 0))]
        chart = DayChart("x", "access", "x", "", [timezone.now().date()] * 2, series)

        bars = chart.bars

        assert [bar.series for bar in bars] == ["good", "bad"]
        assert all(0 <= float(bar.y) <= 160 for bar in bars)
        assert float(bars[1].y) <= float(bars[0].y)

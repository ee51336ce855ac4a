from __future__ import annotations

import uuid
from datetime import timedelta
from unittest import mock

from django.db import transaction

from jobs import sending, services, tasks
from jobs.models import Job
from jobs.tests import handlers
from jobs.tests.base import JobsMixin
from tests.base import TestCase


class EnqueueTest(JobsMixin, TestCase):
    def test_runs_once_the_deed_is_committed(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            job = self.enqueue()
            assert handlers.runs == []

        assert [run.job_id for run in handlers.runs] == [job.id]
        job.refresh_from_db()
        assert (job.state, job.attempt) == (Job.State.DONE, 1)

    def test_sends_only_the_id(self) -> None:
        with (
            mock.patch.object(tasks.run_job, "delay") as delay,
            self.captureOnCommitCallbacks(execute=True),
        ):
            job = self.enqueue(secret=b"hunter2", owner=self.alice.id)

        delay.assert_called_once_with(str(job.id))

    def test_leaves_nothing_when_the_deed_is_undone(self) -> None:
        with (
            self.captureOnCommitCallbacks(execute=True),
            self.assertRaises(ZeroDivisionError),
            transaction.atomic(),
        ):
            self.enqueue()
            raise ZeroDivisionError

        assert not Job.objects.exists()
        assert handlers.runs == []

    def test_survives_a_broker_that_is_away(self) -> None:
        away = mock.patch.object(tasks.run_job, "delay", side_effect=ConnectionError("refused"))
        with (
            away as delay,
            mock.patch.object(sending, "_paused_until", 0.0),
            self.assertLogs("jobs.sending", "WARNING"),
            self.captureOnCommitCallbacks(execute=True),
        ):
            job, other = self.enqueue(), self.enqueue()

        # The second is not tried: nobody waits twice for a broker that is away.
        delay.assert_called_once_with(str(job.id))
        states = set(Job.objects.filter(pk__in=[job.pk, other.pk]).values_list("state", flat=True))
        assert states == {Job.State.WAITING}

    def test_waits_for_its_time(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            job = self.enqueue(not_before=self.now + timedelta(hours=1))
        tasks.run_job(str(job.id))

        assert handlers.runs == []

    def test_refuses_a_kind_without_a_handler(self) -> None:
        with self.assertRaisesMessage(services.UnknownKind, "fly"):
            self.enqueue("fly")

    def test_seals_the_secret_in_the_row(self) -> None:
        job = self.enqueue(secret=b"hunter2")

        assert "hunter2" not in job.sealed_secret
        assert job.secret_expires_at == self.now + timedelta(minutes=15)

    def test_ignores_a_job_that_does_not_exist(self) -> None:
        tasks.run_job(str(uuid.uuid4()), extra="of a later release")

        assert handlers.runs == []


class CancelTest(JobsMixin, TestCase):
    def test_stops_a_waiting_job_at_once(self) -> None:
        job = self.enqueue(secret=b"hunter2")

        assert services.cancel(job.id, at=self.now)
        tasks.run_job(str(job.id))

        job.refresh_from_db()
        assert (job.state, job.sealed_secret) == (Job.State.CANCELLED, "")
        assert handlers.runs == []

    def test_asks_a_running_job_to_stop(self) -> None:
        self.during(lambda run: check(services.cancel(run.job_id, at=self.now)))
        job = self.enqueue("stop_when_asked")

        tasks.run_job(str(job.id))

        job.refresh_from_db()
        assert job.state == Job.State.CANCELLED

    def test_does_not_retry_what_was_cancelled(self) -> None:
        self.during(lambda run: check(services.cancel(run.job_id, at=self.now)))
        job = self.enqueue("break_down")

        with self.assertLogs("jobs.running", "ERROR"):
            tasks.run_job(str(job.id))

        job.refresh_from_db()
        assert job.state == Job.State.CANCELLED

    def test_says_when_it_is_too_late(self) -> None:
        job = self.enqueue()
        tasks.run_job(str(job.id))

        assert not services.cancel(job.id, at=self.now)


class HeartbeatTest(TestCase):
    def test_is_unknown_at_first(self) -> None:
        assert services.last_beat() is None

    def test_remembers_the_last(self) -> None:
        tasks.beat()
        first = services.last_beat()
        tasks.beat()

        last = services.last_beat()
        assert first is not None
        assert last is not None
        assert first < last


def check(claim: bool) -> None:
    assert claim

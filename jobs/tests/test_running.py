from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from jobs import running, services, tasks
from jobs.models import Job
from jobs.signals import job_failed
from jobs.tests import handlers
from jobs.tests.base import JobsMixin
from tests.base import TestCase


class EndTest(JobsMixin, TestCase):
    def run_job(self, kind: str, **wanted: Any) -> Job:
        job = self.enqueue(kind, **wanted)
        tasks.run_job(str(job.id))
        job.refresh_from_db()
        return job

    def test_tells_the_handler_what_it_is_about(self) -> None:
        job = self.run_job("note", owner=self.alice.id)

        run = handlers.runs[0]
        assert (run.kind, run.subject, run.owner) == ("note", job.subject, self.alice.id)
        assert (run.attempt, run.max_attempts, run.is_last_attempt) == (1, 5, False)

    def test_is_done_once(self) -> None:
        job = self.run_job("note")
        tasks.run_job(str(job.id))

        assert len(handlers.runs) == 1
        assert job.percent == 100
        assert job.finished_at is not None

    def test_waits_after_an_unexpected_failure(self) -> None:
        with self.assertLogs("jobs.running", "ERROR"):
            job = self.run_job("break_down")

        assert (job.state, job.failure_code) == (Job.State.WAITING, "unexpected")
        assert job.not_before - timezone.now() > timedelta(seconds=25)
        assert "hunter2" not in job.failure_sentence

    def test_fails_after_the_last_attempt(self) -> None:
        with self.assertLogs("jobs.running", "ERROR"):
            job = self.run_job("break_down", max_attempts=1)

        assert (job.state, job.failure_code) == (Job.State.FAILED, "unexpected")
        assert job.finished_at is not None

    def test_waits_as_long_as_the_handler_says(self) -> None:
        job = self.run_job("postpone")

        assert (job.state, job.failure_code) == (Job.State.WAITING, "away")
        assert job.failure_sentence == "The store is away."
        assert job.not_before - timezone.now() > timedelta(minutes=6)

    def test_does_not_retry_what_was_given_up(self) -> None:
        job = self.run_job("give_up")

        assert (job.state, job.failure_code) == (Job.State.FAILED, "too_big")

    def test_announces_a_job_that_failed_for_good(self) -> None:
        heard: list[Job] = []

        def listen(job: Job, **_: Any) -> None:
            heard.append(job)

        job_failed.connect(listen)
        self.addCleanup(job_failed.disconnect, listen)
        self.run_job("postpone")
        failed = self.run_job("give_up")

        assert [(job.pk, job.failure_code) for job in heard] == [(failed.pk, "too_big")]

    def test_waits_longer_each_time(self) -> None:
        delays = [running.retry_delay(attempt) for attempt in (1, 2, 3, 4, 5, 100)]

        assert delays == sorted(delays)
        assert delays[0] == timedelta(seconds=30)
        assert delays[-1] == timedelta(hours=1)


class SecretTest(JobsMixin, TestCase):
    def test_is_open_to_the_handler_and_wiped_at_the_end(self) -> None:
        seen: list[bytes] = []
        self.during(lambda run: seen.append(run.secret()))
        job = self.enqueue(secret=b"hunter2")

        tasks.run_job(str(job.id))

        job.refresh_from_db()
        assert (seen, job.sealed_secret) == ([b"hunter2"], "")

    def test_is_kept_for_a_retry_within_its_time(self) -> None:
        job = self.enqueue("postpone", secret=b"hunter2")

        tasks.run_job(str(job.id))

        job.refresh_from_db()
        assert job.state == Job.State.WAITING
        assert job.sealed_secret

    def test_ends_the_job_when_a_retry_would_come_too_late(self) -> None:
        job = self.enqueue("postpone", secret=b"hunter2", at=self.now - timedelta(minutes=10))

        tasks.run_job(str(job.id))

        job.refresh_from_db()
        assert (job.state, job.failure_code) == (Job.State.FAILED, "secret_expired")
        assert job.sealed_secret == ""

    def test_does_not_start_a_job_that_is_too_old(self) -> None:
        job = self.enqueue(secret=b"hunter2", at=self.now - timedelta(minutes=16))

        tasks.run_job(str(job.id))

        assert handlers.runs == []

    def test_is_gone_after_its_time(self) -> None:
        job = self.enqueue(secret=b"hunter2")
        run = running.claim(job.id, at=self.now)

        assert run is not None
        with self.assertRaises(services.SecretGone):
            run.secret(at=self.now + timedelta(minutes=15))

    def test_is_refused_to_a_job_without_one(self) -> None:
        run = running.claim(self.enqueue().id, at=self.now)

        assert run is not None
        with self.assertRaises(services.SecretGone):
            run.secret(at=self.now)


class LeaseTest(JobsMixin, TestCase):
    def test_is_prolonged_by_a_worker_that_works(self) -> None:
        job = self.enqueue()
        run = running.claim(job.id, at=self.now)
        assert run is not None
        later = self.now + timedelta(minutes=1)

        run.report(3, 12, at=later)

        job.refresh_from_db()
        assert (job.lease_until, job.percent) == (later + running.LEASE, 25)
        run.renew(at=later + timedelta(minutes=1))

    def test_does_not_run_twice_at_once(self) -> None:
        job = self.enqueue()

        assert running.claim(job.id, at=self.now) is not None
        assert running.claim(job.id, at=self.now) is None

from __future__ import annotations

from datetime import timedelta
from unittest import mock

from jobs import reaping, running, sending, services, tasks
from jobs.models import Job
from jobs.tests import handlers
from jobs.tests.base import JobsMixin
from tests.base import TestCase


class DeadWorkerTest(JobsMixin, TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.job = self.enqueue(max_attempts=2)
        self.dead = self.claim()
        self.later = self.now + running.LEASE

    def claim(self) -> running.Run:
        run = running.claim(self.job.id, at=self.now)
        assert run is not None
        return run

    def test_is_left_alone_while_its_lease_runs(self) -> None:
        reaping.reap(at=self.later - timedelta(seconds=1))

        self.job.refresh_from_db()
        assert self.job.state == Job.State.RUNNING

    def test_loses_the_job_to_another_worker(self) -> None:
        with mock.patch.object(tasks.run_job, "delay") as delay:
            reaping.reap(at=self.later)

        delay.assert_called_once_with(str(self.job.id))
        self.now = self.later
        assert self.claim().attempt == 2

    def test_changes_nothing_when_it_comes_back(self) -> None:
        reaping.release_abandoned(at=self.later)
        self.now = self.later
        taken_over = self.claim()

        for deed in (
            self.dead.renew,
            lambda: self.dead.report(1, 1),
            self.dead.secret,
            lambda: running._finish(self.dead, Job.State.DONE, self.later),
            lambda: running.fail(self.dead, code="x", sentence="x", at=self.later),
        ):
            with self.assertRaises(services.LeaseLost):
                deed()
        taken_over.renew()
        assert not self.dead.is_cancelled()

    def test_fails_the_job_after_the_last_attempt(self) -> None:
        reaping.release_abandoned(at=self.later)
        self.now = self.later
        self.claim()

        reaping.release_abandoned(at=self.later + running.LEASE)

        self.job.refresh_from_db()
        assert (self.job.state, self.job.failure_code) == (Job.State.FAILED, "worker_lost")

    def test_may_be_late_in_its_handler(self) -> None:
        self.job = self.enqueue()

        def be_slow(run: running.Run) -> None:
            Job.objects.filter(pk=run.job_id).update(attempt=2)

        self.during(be_slow)
        with self.assertLogs("jobs.running", "WARNING"):
            tasks.run_job(str(self.job.id))

        self.job.refresh_from_db()
        assert self.job.state == Job.State.RUNNING


class SendAgainTest(JobsMixin, TestCase):
    def sent_at(self, **later: int) -> list[str]:
        with mock.patch.object(tasks.run_job, "delay") as delay:
            reaping.send_again(at=self.now + timedelta(**later))
        return [call.args[0] for call in delay.call_args_list]

    def test_waits_a_minute_for_the_broker(self) -> None:
        self.enqueue()

        assert self.sent_at(seconds=59) == []

    def test_sends_what_no_worker_has_started(self) -> None:
        job = self.enqueue()

        assert self.sent_at(minutes=1) == [str(job.id)]
        assert self.sent_at(minutes=1) == []
        assert self.sent_at(minutes=2) == [str(job.id)]

    def test_sends_a_job_when_its_time_comes(self) -> None:
        job = self.enqueue(not_before=self.now + timedelta(hours=1))

        assert self.sent_at(minutes=59) == []
        assert self.sent_at(minutes=60) == [str(job.id)]

    def test_stops_at_a_broker_that_is_away(self) -> None:
        self.enqueue()
        self.enqueue()

        with mock.patch.object(sending, "send", return_value=False) as send:
            assert reaping.send_again(at=self.now + timedelta(minutes=1)) == 0

        assert send.call_count == 1

    def test_does_not_send_what_has_ended(self) -> None:
        tasks.run_job(str(self.enqueue().id))

        assert self.sent_at(minutes=5) == []

    def test_runs_a_postponed_job_again(self) -> None:
        job = self.enqueue("postpone")
        tasks.run_job(str(job.id))

        assert self.sent_at(minutes=6) == []
        assert self.sent_at(minutes=8) == [str(job.id)]


class WipeTest(JobsMixin, TestCase):
    def test_fails_a_job_whose_secret_is_too_old(self) -> None:
        job = self.enqueue(secret=b"hunter2")

        reaping.wipe_secrets(at=self.now + timedelta(minutes=15))

        job.refresh_from_db()
        assert (job.state, job.failure_code) == (Job.State.FAILED, "secret_expired")
        assert job.sealed_secret == ""
        assert handlers.runs == []

    def test_takes_the_secret_from_a_running_job(self) -> None:
        job = self.enqueue(secret=b"hunter2")
        running.claim(job.id, at=self.now)

        reaping.wipe_secrets(at=self.now + timedelta(minutes=15))

        job.refresh_from_db()
        assert (job.state, job.sealed_secret) == (Job.State.RUNNING, "")

    def test_leaves_younger_secrets(self) -> None:
        job = self.enqueue(secret=b"hunter2")

        reaping.wipe_secrets(at=self.now + timedelta(minutes=14))

        job.refresh_from_db()
        assert job.sealed_secret

    def test_forgets_jobs_that_ended_a_month_ago(self) -> None:
        old, young, waiting = self.enqueue(), self.enqueue(), self.enqueue()
        ended = Job.objects.filter(pk__in=[old.pk, young.pk])
        ended.update(state=Job.State.DONE, finished_at=self.now)
        ended.filter(pk=old.pk).update(finished_at=self.now - timedelta(days=31))

        tasks.reap()

        assert set(Job.objects.all()) == {young, waiting}

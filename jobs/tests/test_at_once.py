"""The same job in several threads and processes, with real commits."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import timedelta

from django.db import connections

from jobs import reaping, running
from jobs.models import Job
from jobs.tests import handlers
from jobs.tests.base import JobsMixin
from tests.base import TransactionTestCase

WORKERS = 4
HOUR = timedelta(hours=1)


def together(deed: Callable[[], object]) -> None:
    start = threading.Barrier(WORKERS)

    def work() -> None:
        try:
            start.wait()
            deed()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class AtOnceTest(JobsMixin, TransactionTestCase):
    def due_job(self, kind: str = "note") -> Job:
        """A job that nobody was told of."""
        job = self.enqueue(kind, not_before=self.now + HOUR)
        Job.objects.filter(pk=job.pk).update(not_before=self.now - 2 * HOUR)
        return job

    def test_runs_a_job_in_one_worker(self) -> None:
        jobs = [self.due_job() for _ in range(5)]

        def run_all() -> None:
            for job in jobs:
                running.run(job.id, at=self.now)

        together(run_all)

        assert sorted(run.job_id for run in handlers.runs) == sorted(job.id for job in jobs)
        assert not Job.objects.exclude(state=Job.State.DONE, attempt=1).exists()

    def test_releases_a_job_once_whoever_reaps(self) -> None:
        job = self.due_job("postpone")
        running.claim(job.id, at=self.now - HOUR)

        together(lambda: reaping.reap(at=self.now))

        job.refresh_from_db()
        assert len(handlers.runs) == 1
        assert (job.state, job.attempt) == (Job.State.WAITING, 2)

    def test_takes_up_what_a_killed_process_left(self) -> None:
        job = self.due_job()
        connections.close_all()
        child = os.fork()
        if child == 0:
            # It dies like a worker without power: nothing of Python's cleans up.
            running.claim(job.id, at=self.now - HOUR)
            os._exit(9)
        os.waitpid(child, 0)
        job.refresh_from_db()
        assert (job.state, job.attempt) == (Job.State.RUNNING, 1)

        reaping.reap(at=self.now)

        job.refresh_from_db()
        assert (job.state, job.attempt) == (Job.State.DONE, 2)

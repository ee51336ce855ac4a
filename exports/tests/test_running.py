from __future__ import annotations

from typing import Any
from unittest.mock import patch

from django.utils import timezone

from exports import making, services
from exports.choosing import Choice, gather
from exports.models import Export, ExportChunk
from exports.tests.making import PASSWORD, make_some
from jobs import services as jobs
from jobs import tasks
from jobs.models import Job
from tests import base
from vault.formats import qr_sheet
from vault.models import OtpEntry
from vault.tests.making import make_entries


class Running(base.TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        make_some(cls.alice)

    def enqueue(self, chosen: str = "qrcodes", password: str | None = PASSWORD) -> Export:
        choice = Choice(chosen, layout="large")
        gathered = gather(self.alice, choice)
        return services.enqueue(self.alice, choice, gathered, password=password, at=timezone.now())

    def run_it(self, export: Export) -> Job:
        tasks.run_job(str(export.job_id))
        return Job.objects.get(subject=export.pk)

    def test_makes_the_file_under_the_password_of_the_job(self) -> None:
        export = self.enqueue()

        job = self.run_it(export)

        assert job.state == Job.State.DONE
        assert job.sealed_secret == ""
        export.refresh_from_db()
        pdf = b"".join(services.take(export, at=timezone.now()))
        assert len(pdf) == export.size
        assert b"/Encrypt" in pdf

    def test_says_how_far_it_is(self) -> None:
        make_entries(self.alice, 20)

        with patch.object(jobs.Run, "report") as report:
            self.run_it(self.enqueue())

        seen = [call.args for call in report.call_args_list]
        assert seen == [(0, 20), (10, 20), (20, 20)]

    def test_stops_when_asked_and_leaves_nothing(self) -> None:
        export = self.enqueue()
        draw = qr_sheet._page

        def cancel_meanwhile(*args: Any) -> str:
            services.cancel(export, at=timezone.now())
            with patch.object(qr_sheet, "_page", draw):
                return draw(*args)

        with patch.object(services, "audit"), patch.object(qr_sheet, "_page", cancel_meanwhile):
            try:
                job = self.run_it(export)
            except services.ExportGone:  # cancelled again by the next page
                raise AssertionError from None

        assert job.state == Job.State.CANCELLED
        assert not ExportChunk.objects.exists()

    def test_does_nothing_for_an_export_that_is_gone(self) -> None:
        export = self.enqueue()
        Export.objects.all().delete()

        assert self.run_it(export).state == Job.State.DONE

    def test_gives_up_when_nothing_is_left_to_export(self) -> None:
        export = self.enqueue()
        OtpEntry.objects.all().delete()

        job = self.run_it(export)

        assert job.state == Job.State.FAILED
        assert job.failure_code == "nothing"

    def test_tries_again_after_a_fault_and_leaves_no_piece_meanwhile(self) -> None:
        export = self.enqueue("csv", None)

        def half() -> Any:
            yield bytes(services.CHUNK_BYTES)
            raise OSError

        with patch.object(making, "make", return_value=making.Made(half())):
            job = self.run_it(export)

        assert job.state == Job.State.WAITING
        assert not ExportChunk.objects.exists()
        Job.objects.filter(pk=job.pk).update(not_before=timezone.now())
        assert self.run_it(export).state == Job.State.DONE
        export.refresh_from_db()
        assert export.made_at is not None

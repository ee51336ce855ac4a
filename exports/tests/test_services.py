from __future__ import annotations

from datetime import datetime, timedelta

from audit.models import AuditEvent
from core import sealing
from exports import passphrases, services
from exports.choosing import Choice, gather
from exports.models import Export, ExportChunk
from exports.tests.making import BUSY, make_some, waiting
from jobs.models import Job
from notifications.models import Notification
from recovery.tests.test_races import in_parallel
from tests import base
from vault.tests.making import NOON

HOUR = timedelta(hours=1)


class Beginning(base.TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        make_some(cls.alice)

    def begin(self, *, at: datetime = NOON, is_protected: bool = True) -> None:
        choice = Choice("aegis")
        services.begin(
            self.alice, choice, gather(self.alice, choice), is_protected=is_protected, at=at
        )

    def test_records_it_and_tells_the_owner(self) -> None:
        self.begin(is_protected=False)

        event = AuditEvent.objects.get(event="export.made_plain")
        assert event.sentence == "You exported codes without a password: 4, as Aegis."
        assert event.facts["format"] == "aegis"
        assert event.facts["count"] == 4
        assert Notification.objects.get(user=self.alice).kind == "exported_plain"

    def test_allows_ten_within_any_hour(self) -> None:
        for minute in range(10):
            self.begin(at=NOON + timedelta(minutes=minute))
        for late in (timedelta(minutes=10), HOUR - timedelta(seconds=1)):
            with self.assertRaises(services.TooManyExports) as caught:
                self.begin(at=NOON + late)
            assert caught.exception.retry_at == NOON + HOUR

        self.begin(at=NOON + HOUR)

        with self.assertRaises(services.TooManyExports):
            self.begin(at=NOON + HOUR)
        assert AuditEvent.objects.filter(event="export.refused").count() == 3

    def test_counts_nothing_when_nothing_fits(self) -> None:
        choice = Choice("google", what="selected")
        with self.assertRaises(services.NothingToExport):
            services.begin(
                self.alice, choice, gather(self.alice, choice), is_protected=True, at=NOON
            )
        assert not AuditEvent.objects.filter(event__startswith="export").exists()


class Parallel(base.TransactionTestCase):
    def test_accepts_ten_of_a_hundred_at_once(self) -> None:
        make_some(self.alice)
        choice = Choice("aegis")
        gathered = gather(self.alice, choice)

        def begin() -> bool:
            try:
                services.begin(self.alice, choice, gathered, is_protected=True, at=NOON)
            except services.TooManyExports:
                return False
            return True

        answers = in_parallel([begin] * 100)

        assert answers.count(True) == 10
        assert AuditEvent.objects.filter(event="export.made").count() == 10

    def test_makes_one_at_a_time(self) -> None:
        make_some(self.alice)
        choice = Choice("qrcodes")
        gathered = gather(self.alice, choice)

        def enqueue() -> bool:
            try:
                services.enqueue(self.alice, choice, gathered, password=None, at=NOON)
            except services.AlreadyMaking:
                return False
            return True

        with self.settings(CELERY_TASK_ALWAYS_EAGER=False):
            with self.settings(JOB_HANDLERS=BUSY):
                answers = in_parallel([enqueue] * 8)

        assert answers.count(True) == 1
        assert Export.objects.count() == Job.objects.filter(kind="export").count() == 1

    def test_hands_a_file_out_once(self) -> None:
        make_some(self.alice)
        export = waiting(self.alice)

        def take() -> bytes | None:
            try:
                return b"".join(services.take(export, at=NOON))
            except services.ExportGone:
                return None

        answers = in_parallel([take] * 8)

        assert sorted(answers, key=str)[0:8].count(None) == 7
        assert b"a whole file" in answers
        assert not Export.objects.exists()


class Keeping(base.TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        make_some(cls.alice)

    def test_lays_a_file_down_in_sealed_chunks(self) -> None:
        content = bytes(range(256)) * 5000
        export = waiting(self.alice, content)

        chunks = ExportChunk.objects.filter(export=export).order_by("number")
        assert [len(sealing.open_field(chunk, "sealed_content")) for chunk in chunks] == [
            services.CHUNK_BYTES,
            services.CHUNK_BYTES,
            len(content) - 2 * services.CHUNK_BYTES,
        ]
        assert b"".join(services.take(export, at=NOON)) == content

    def test_keeps_nothing_after_the_download(self) -> None:
        export = waiting(self.alice)

        b"".join(services.take(export, at=NOON))

        assert not Export.objects.exists()
        assert not ExportChunk.objects.exists()
        with self.assertRaises(services.ExportGone):
            services.take(export, at=NOON)

    def test_keeps_nothing_of_a_download_that_broke_off(self) -> None:
        pieces = services.take(waiting(self.alice, bytes(2 * services.CHUNK_BYTES)), at=NOON)
        next(pieces)
        pieces.close()  # type: ignore[attr-defined]

        assert not ExportChunk.objects.exists()

    def test_is_gone_after_ten_minutes(self) -> None:
        export = waiting(self.alice)
        last = NOON + timedelta(minutes=10) - timedelta(microseconds=1)

        assert services.forget_expired(at=last) == 0
        with self.assertRaises(services.ExportGone):
            services.take(export, at=NOON + timedelta(minutes=10))
        assert services.forget_expired(at=NOON + timedelta(minutes=10)) == 1
        assert not ExportChunk.objects.exists()

    def test_throws_away_what_is_cancelled(self) -> None:
        export = waiting(self.alice)

        services.cancel(export, at=NOON)

        assert not ExportChunk.objects.exists()
        assert AuditEvent.objects.filter(event="export.cancelled").count() == 1
        with self.assertRaises(services.ExportGone):
            services.cancel(export, at=NOON)

    def test_makes_room_for_a_new_one_once_the_job_has_ended(self) -> None:
        choice = Choice("qrcodes")
        gathered = gather(self.alice, choice)
        first = services.enqueue(self.alice, choice, gathered, password=None, at=NOON)
        with self.assertRaises(services.AlreadyMaking):
            services.check_none_in_the_making(self.alice, at=NOON)

        Job.objects.filter(subject=first.pk).update(state=Job.State.FAILED)

        services.check_none_in_the_making(self.alice, at=NOON)
        assert not Export.objects.exists()


class Passphrases(base.TestCase):
    def test_are_long_and_different(self) -> None:
        made = {passphrases.make() for _ in range(200)}

        assert len(made) == 200
        for passphrase in made:
            assert [len(word) for word in passphrase.split("-")] == [6, 6, 6, 8]
        syllables = len(passphrases.CONSONANTS) * len(passphrases.VOWELS)
        assert syllables ** sum(passphrases.SYLLABLES) > 2**77

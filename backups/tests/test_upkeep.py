"""Retention, schedule, alarms, checks: what happens to backups while nobody looks."""

from __future__ import annotations

import json
import tempfile
from datetime import datetime, time, timedelta
from pathlib import Path
from unittest import mock

from django.core import checks
from django.test import override_settings
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from backups import alarms, keys, pipeline, places, retention, schedule, tasks
from backups.models import Backup, BackupAlarm, BackupCopy, RetentionPlan
from notifications.models import Notification
from tests import base

NOW = timezone.now()


class RetentionTests(base.TestCase):
    def add(self, days: float, state: str = "verified") -> Backup:
        at = NOW - timedelta(days=days)
        return Backup.objects.create(
            name=f"{days}-{state}", kind="daily", state=state, started_at=at, verified_at=at
        )

    def gone(self, at: datetime = NOW, **tiers: int) -> set[str]:
        plan = RetentionPlan(**{"keep_all_days": 30, **tiers})
        verdicts = retention.verdicts(plan, at=at)
        return {verdict.backup.name for verdict in verdicts if not verdict.is_kept}

    def test_keeps_thirty_days_by_default(self) -> None:
        for days in (1, 29, 31, 90):
            self.add(days)

        assert self.gone() == {"31-verified", "90-verified"}
        assert retention.plan().keep_all_days == 30

    def test_then_one_a_week_then_one_a_month(self) -> None:
        for days in range(1, 200):
            self.add(days)

        kept = 199 - len(self.gone(keep_all_days=7, keep_weeks=4, keep_months=3))

        assert 7 + 4 + 3 <= kept <= 7 + 5 + 5

    def test_never_takes_the_newest_verified_one(self) -> None:
        self.add(400)
        self.add(500)

        assert self.gone() == {"500-verified"}

    def test_a_clock_a_year_ahead_leaves_one(self) -> None:
        for days in (1, 2, 3):
            self.add(days)

        assert self.gone(at=NOW + timedelta(days=365)) == {"2-verified", "3-verified"}

    def test_takes_nothing_while_the_newest_attempt_failed(self) -> None:
        self.add(0.5, "failed")
        self.add(1)
        self.add(400)

        assert self.gone() == set()

    def test_takes_nothing_that_is_under_way(self) -> None:
        self.add(1)
        self.add(40, "written")
        self.add(40, "failed")

        assert self.gone() == {"40-failed"}

    def test_one_that_cannot_be_deleted_elsewhere_stays_for_the_next_time(self) -> None:
        self.add(1)
        old = self.add(400)
        BackupCopy.objects.create(backup=old, place="s3", state="confirmed")

        assert pipeline.apply_retention(at=NOW) == 0
        BackupCopy.objects.all().delete()
        assert pipeline.apply_retention(at=NOW) == 1
        assert places.configured() == []


class ScheduleTests(base.TestCase):
    def test_a_new_installation_makes_one_a_day(self) -> None:
        schedule.make_missing()

        assert schedule.get("daily").is_on
        assert not schedule.get("weekly").is_on
        assert schedule.interval() == timedelta(days=1)

    def test_both_can_be_on_at_other_times(self) -> None:
        schedule.put("daily", schedule.Slot(True, time(1, 5)))
        schedule.put("weekly", schedule.Slot(True, time(2, 10), "6"))

        task = PeriodicTask.objects.get(name="backup-weekly")
        assert (task.task, json.loads(task.kwargs)) == (schedule.TASK, {"kind": "weekly"})
        assert (task.crontab.hour, task.crontab.day_of_week) == ("2", "6")
        assert schedule.get("daily").at == time(1, 5)

    def test_none_is_a_choice_too(self) -> None:
        for kind in ("daily", "weekly"):
            schedule.put(kind, schedule.Slot(False, time(1, 5)))

        assert schedule.interval() is None
        assert not alarms.is_overdue(at=NOW + timedelta(days=99))

    def test_the_moment_makes_one_unless_one_is_under_way(self) -> None:
        tasks.scheduled(kind="daily")
        tasks.scheduled(kind="daily")

        assert Backup.objects.filter(kind="daily", state="running").count() == 1


class AlarmTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        schedule.make_missing()

    def test_silence_is_an_alarm_once_a_day(self) -> None:
        late = NOW + timedelta(days=3)

        alarms.watch(at=late)
        alarms.watch(at=late + timedelta(hours=1))
        alarms.watch(at=late + timedelta(hours=25))

        told = Notification.objects.filter(kind="backup_overdue")
        assert {row.user_id for row in told} == {self.charlie.pk}
        assert told.count() == 2

    def test_a_verified_backup_ends_it(self) -> None:
        late = NOW + timedelta(days=3)
        alarms.watch(at=late)
        Backup.objects.create(
            name="a", kind="daily", state="verified", started_at=late, verified_at=late
        )

        alarms.watch(at=late)

        assert not BackupAlarm.objects.exists()

    def test_a_written_one_does_not(self) -> None:
        late = NOW + timedelta(days=3)
        Backup.objects.create(name="a", kind="daily", state="written", started_at=late)

        assert alarms.is_overdue(at=late)

    def test_two_intervals_are_waited_for(self) -> None:
        assert not alarms.is_overdue(at=NOW + timedelta(hours=47))
        assert alarms.is_overdue(at=NOW + timedelta(hours=49))

    def test_the_drill_takes_the_newest_verified(self) -> None:
        tasks.drill()
        with mock.patch("backups.tasks.jobs.enqueue") as enqueue:
            Backup.objects.create(name="a", kind="daily", state="failed", started_at=NOW)
            good = Backup.objects.create(
                name="b", kind="daily", state="verified", started_at=NOW - timedelta(days=1)
            )
            tasks.drill()
        assert enqueue.call_args.kwargs["subject"] == good.pk


class CheckTests(base.TestCase):
    def ids(self) -> set[str]:
        return {m.id for m in checks.run_checks() if m.id and m.id.startswith("backups.")}

    def test_is_content_with_the_defaults(self) -> None:
        assert self.ids() == set()

    def test_refuses_a_key_inside_the_directory(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "keys" / "backup.key"
            with override_settings(BACKUP_DIRECTORY=Path(folder), KEY_FILES={"BACKUP_KEY": file}):
                assert self.ids() == {"backups.E003"}

    def test_refuses_a_copy_of_the_key_under_another_name(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "note.txt").write_text("the key is b1:" + "B" * 43)
            with override_settings(BACKUP_DIRECTORY=Path(folder)):
                assert "note.txt" in keys.lies_within(Path(folder))
                assert self.ids() == {"backups.E003"}

    def test_refuses_the_master_key_as_backup_key(self) -> None:
        with override_settings(BACKUP_KEY="b1:" + "A" * 43):
            assert self.ids() == {"backups.E002"}

    def test_refuses_what_is_no_key(self) -> None:
        for changes in ({"BACKUP_KEY": "x"}, {"BACKUP_KEY": ""}, {"BACKUP_PUBLIC_KEYS": ["x"]}):
            with override_settings(**changes):
                assert self.ids() == {"backups.E001"}

    def test_refuses_an_endpoint_without_tls(self) -> None:
        with override_settings(BACKUP_S3_ENDPOINT="http://s3.example.com"):
            assert self.ids() == {"backups.E004"}

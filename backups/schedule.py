"""When backups are made: two rows of django-celery-beat, which operators set on our page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django_celery_beat.models import CrontabSchedule, PeriodicTask, PeriodicTasks

DAILY, WEEKLY = "daily", "weekly"
TASK = "backups.tasks.scheduled"
NAMES = {DAILY: "backup-daily", WEEKLY: "backup-weekly"}
INTERVALS = {DAILY: timedelta(days=1), WEEKLY: timedelta(days=7)}
DEFAULTS = {DAILY: (True, time(3, 17), "*"), WEEKLY: (False, time(3, 47), "0")}


@dataclass(frozen=True)
class Slot:
    """One of the two schedules. `weekday` is cron's: 0 is Sunday, * is every day."""

    is_on: bool
    at: time
    weekday: str = "*"


def make_missing(**_: Any) -> None:
    """The two schedules of a new installation (called after `migrate`)."""
    for kind, (is_on, at, weekday) in DEFAULTS.items():
        if not PeriodicTask.objects.filter(name=NAMES[kind]).exists():
            put(kind, Slot(is_on, at, weekday))


def get(kind: str) -> Slot:
    task = PeriodicTask.objects.filter(name=NAMES[kind]).select_related("crontab").first()
    if task is None or task.crontab is None:
        _is_on, at, weekday = DEFAULTS[kind]
        return Slot(False, at, weekday)
    return Slot(task.enabled, _time(task.crontab, DEFAULTS[kind][1]), task.crontab.day_of_week)


def put(kind: str, slot: Slot) -> None:
    with transaction.atomic():
        crontab = CrontabSchedule.objects.filter(
            minute=str(slot.at.minute),
            hour=str(slot.at.hour),
            day_of_week=slot.weekday,
            day_of_month="*",
            month_of_year="*",
            timezone=settings.TIME_ZONE,
        ).first() or CrontabSchedule.objects.create(
            minute=str(slot.at.minute),
            hour=str(slot.at.hour),
            day_of_week=slot.weekday,
            timezone=settings.TIME_ZONE,
        )
        PeriodicTask.objects.update_or_create(
            name=NAMES[kind],
            defaults={
                "task": TASK,
                "kwargs": json.dumps({"kind": kind}),
                "crontab": crontab,
                "interval": None,
                "enabled": slot.is_on,
                "description": "Set on the page “Backups: schedule” of the administration.",
            },
        )
        PeriodicTasks.update_changed()


def interval() -> timedelta | None:
    """How often a backup should come; None when none is scheduled."""
    on = [INTERVALS[kind] for kind in NAMES if get(kind).is_on]
    return min(on, default=None)


def adopt(alias: str) -> None:
    """Take the two schedules over from a restored database: beat's own rows are never restored."""
    tasks = PeriodicTask.objects.using(alias).select_related("crontab")
    for kind, name in NAMES.items():
        task = tasks.filter(name=name).first()
        if task is not None and task.crontab is not None:
            at = _time(task.crontab, DEFAULTS[kind][1])
            put(kind, Slot(task.enabled, at, task.crontab.day_of_week))


def _time(crontab: CrontabSchedule, default: time) -> time:
    # Somebody may have written "*/2" there by hand.
    if crontab.hour.isdecimal() and crontab.minute.isdecimal():
        return time(int(crontab.hour), int(crontab.minute))
    return default

"""The first page of the administration: what every app counts, as far as the reader may see it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from authnode import startup
from core import overview
from core.overview import Figure, Item
from jobs import services as jobs

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

logger = logging.getLogger(__name__)
Provider = Callable[..., Iterable[Item]]
BEAT_IS_LATE_AFTER = timedelta(minutes=3)
TITLES: dict[str, StrPromise] = {
    overview.PEOPLE: _("People"),
    overview.ACCESS: _("Signing in"),
    overview.SITE: _("This site"),
}


@dataclass
class Section:
    title: StrPromise
    figures: list[Figure] = field(default_factory=list)
    charts: list[Item] = field(default_factory=list)


@dataclass
class Overview:
    sections: list[Section]
    # Titles of what could not be counted: an overview that is silent there would look well.
    failed: list[str]


def gather(user: Any, *, at: datetime) -> Overview:
    """Ask every app of `settings.OVERVIEW`, and keep what this operator may see."""
    sections = {name: Section(title) for name, title in TITLES.items()}
    failed: list[str] = []
    for path in settings.OVERVIEW:
        for item in _ask(path, at, failed):
            if not user.has_perm(item.permission):
                continue
            section = sections[item.section]
            if isinstance(item, Figure):
                section.figures.append(item)
            else:
                section.charts.append(item)
    return Overview([each for each in sections.values() if each.figures or each.charts], failed)


def _ask(path: str, at: datetime, failed: list[str]) -> list[Item]:
    try:
        provider: Provider = import_string(path)
        return list(provider(at=at))
    except Exception:
        # One part that is away must not hide the others from who looks for the cause.
        logger.exception("The overview could not ask %s.", path)
        failed.append(path.partition(".")[0])
        return []


def figures(*, at: datetime) -> Iterator[Item]:
    """What belongs to no app: the database against this release, and the scheduler."""
    missing = len(startup.missing_migrations())
    yield Figure(
        "migrations",
        overview.SITE,
        _("Pending migrations"),
        missing,
        "jobs.view_job",
        tone=overview.PROBLEM if missing else overview.WELL,
        words=_("Make a backup, then run scripts/database.") if missing else "",
    )
    last = jobs.last_beat()
    is_late = last is None or at - last > BEAT_IS_LATE_AFTER
    yield Figure(
        "beat",
        overview.SITE,
        _("Scheduler and worker"),
        str(_("silent") if is_late else _("alive")),
        "jobs.view_job",
        tone=overview.PROBLEM if is_late else overview.WELL,
        words=_("Start worker and beat; “manage.py doctor” tells more.") if is_late else "",
    )

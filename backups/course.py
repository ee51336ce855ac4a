"""A restore under way: from where, to where, by which wish, and what has been found so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.apps import apps
from django.conf import settings
from django.db.models import Model

from backups import faults, wishes
from backups.notebook import Notebook
from backups.reports import Report
from backups.wishes import Wish

Tick = Callable[[int], None]


@dataclass
class Course:
    """Rows go from a scratch database (`source`) into a live one (`target`)."""

    source: str
    target: str
    wish: Wish
    # The master keys of the backup.
    ring: Mapping[str, bytes] = field(repr=False)
    # When the backup was made, as rows write times.
    made_at: str
    tick: Tick | None = None
    report: Report = field(default_factory=Report)
    done: int = 0

    def __post_init__(self) -> None:
        self.notebook = Notebook(self.source)

    @property
    def is_bare(self) -> bool:
        """Whether nobody has an account here yet: then everything comes back."""
        return self.report.is_bare

    @property
    def follows_backup(self) -> bool:
        return self.wish.takes_backup_side or self.is_bare

    @property
    def adds_alone(self) -> bool:
        return self.wish.mode == wishes.MISSING

    def worked(self, count: int) -> None:
        self.done += count
        faults.point("batch")
        if self.tick:
            self.tick(self.done)


def user_model() -> type[Model]:
    return apps.get_model(settings.AUTH_USER_MODEL)

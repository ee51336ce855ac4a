"""What a user sees of the audit log: their own events, by group and by day."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.models import AuditEvent, AuditEventQuerySet

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# A spreadsheet takes a cell that starts like this for a formula, and runs it.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Group:
    title: StrPromise
    icon: str
    prefixes: tuple[str, ...]


GROUPS: Mapping[str, Group] = {
    "sign-in": Group(
        gettext_lazy("Signing in"), "key", ("session", "confirm", "factor", "recovery")
    ),
    "codes": Group(gettext_lazy("Codes"), "codes", ("vault", "notes", "imports", "export")),
    "account": Group(
        gettext_lazy("Account"),
        "user",
        ("account", "address", "reset", "invitation", "sign_up", "notifications", "mail", "token"),
    ),
    "refused": Group(gettext_lazy("Refused access"), "warning", ("access",)),
    "administration": Group(
        gettext_lazy("Administration"), "settings", ("admin", "backup", "restore")
    ),
}


def group_of(event: str) -> Group | None:
    prefix = event.partition(".")[0]
    return next((group for group in GROUPS.values() if prefix in group.prefixes), None)


def find(
    user: AbstractBaseUser | AnonymousUser,
    *,
    group: str = "",
    first_on: date | None = None,
    last_on: date | None = None,
) -> AuditEventQuerySet:
    """The user's events, newest first; days are those of the current time zone."""
    events = AuditEvent.objects.for_owner(user).order_by("-at", "-id")
    if group:
        wanted = Q()
        for prefix in GROUPS[group].prefixes:
            wanted |= Q(event__startswith=f"{prefix}.")
        events = events.filter(wanted)
    if first_on:
        events = events.filter(at__gte=_midnight(first_on))
    if last_on:
        events = events.filter(at__lt=_midnight(last_on + timedelta(days=1)))
    return events


def csv_lines(events: Iterable[AuditEvent]) -> Iterator[str]:
    """The events as lines of a CSV file, each cell safe to open in a spreadsheet."""
    writer = csv.writer(_Echo())
    yield writer.writerow([_("Time (UTC)"), _("What"), _("Address"), _("Browser"), _("Event")])
    for event in events:
        cells = (event.sentence, event.address, event.browser, event.event)
        at = event.at.astimezone(UTC).isoformat(sep=" ", timespec="seconds")
        yield writer.writerow([at.removesuffix("+00:00"), *map(harmless, cells)])


def harmless(cell: str) -> str:
    """The cell with an apostrophe before it when a spreadsheet would take it for a formula."""
    return f"'{cell}" if cell.lstrip(" ").startswith(FORMULA_STARTS) else cell


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


class _Echo:
    """A file that hands back what is written, so that nothing is kept in memory."""

    def write(self, line: str) -> str:
        return line

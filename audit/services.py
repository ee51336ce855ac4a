"""Recording what happens, and forgetting whom it happened to."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction
from django.utils import timezone

from audit import commitments, context, events
from audit.models import AuditEvent, Tombstone
from core import lasting

Who = UUID | AbstractBaseUser | AnonymousUser | None
Fact = str | int | bool
USER = "user"
LONGEST_WORD = 1000
BATCH = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of many that are recorded together."""

    event: str
    user: UUID | None
    details: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Fact] = field(default_factory=dict)


class UnknownEvent(Exception):
    """The name is not in the catalogue."""

    def __init__(self, event: str) -> None:
        super().__init__(f"“{event}” is not in the catalogue of audit.events.")


def record(
    event: str,
    *,
    user: Who = None,
    details: Mapping[str, str] | None = None,
    facts: Mapping[str, Fact] | None = None,
    at: datetime | None = None,
) -> AuditEvent:
    """Record an event in the transaction of the deed; raises UnknownEvent."""
    return _record(context.current(), event, user, details, facts, at)


def record_many(entries: Iterable[Entry], *, at: datetime) -> int:
    """Record events in one go, in the transaction of their deed; raises UnknownEvent."""
    origin = context.current()
    rows = [_made(origin, each.event, each.user, each.details, each.facts, at) for each in entries]
    return len(AuditEvent.objects.bulk_create(rows, batch_size=BATCH))


def record_refusal(
    event: str,
    *,
    user: Who = None,
    details: Mapping[str, str] | None = None,
    facts: Mapping[str, Fact] | None = None,
    at: datetime | None = None,
) -> None:
    """Record an event once the view is over: a transaction that is rolled back keeps no trace."""
    origin = context.current()
    at = at or timezone.now()

    def write() -> AuditEvent:
        return _record(origin, event, user, details, facts, at)

    if origin.is_request:
        origin.afterwards.append(write)
    else:
        write()


def record_foreign_object(user: Who, kind: str) -> None:
    """Record that `user` asked for a `kind` (a model's word) that is not theirs."""
    record_refusal(events.FOREIGN_OBJECT, user=user, facts={"kind": kind})


def pseudonymise(user_id: UUID, *, at: datetime) -> int:
    """Erase the personal fields of a deleted user's events; the answer is how many."""
    with transaction.atomic():
        bury(USER, user_id, at=at)
        return _erase(user_id, at)


def pseudonymise_late(*, at: datetime) -> int:
    """Erase what was recorded for a user while, or after, they were deleted."""
    buried = Tombstone.objects.filter(kind=USER).values_list("object_id", flat=True)
    late = AuditEvent.objects.unsealed().filter(user__isnull=False)
    found = set(late.values_list("user", flat=True).distinct())
    gone = {UUID(object_id) for object_id in buried.filter(object_id__in=map(str, found))}
    return sum(_erase(user_id, at) for user_id in gone)


def bury(kind: str, object_id: UUID | int | str, *, at: datetime) -> Tombstone:
    """Leave a tombstone for something that must stay deleted; a second burial changes nothing."""
    return Tombstone.objects.get_or_create(
        kind=kind, object_id=str(object_id), defaults={"buried_at": at}
    )[0]


def has_seen(user_id: UUID, event: str, *, address: str, browser: str) -> bool:
    """Whether this user has an earlier event of that name from this address and browser."""
    return AuditEvent.objects.filter(
        user=user_id, event=event, address=address, browser=browser
    ).exists()


def is_buried(kind: str, object_id: UUID | int | str) -> bool:
    return Tombstone.objects.filter(kind=kind, object_id=str(object_id)).exists()


def pseudonym(user_id: UUID) -> str:
    """The same name for all events of one deleted user, telling nothing of who it was."""
    tag = hmac.digest(lasting.key("audit-pseudonym"), user_id.bytes, "sha256").hex()
    return f"deleted user {tag[:6]}"


def _record(
    origin: context.Origin,
    event: str,
    user: Who,
    details: Mapping[str, str] | None,
    facts: Mapping[str, Fact] | None,
    at: datetime | None,
) -> AuditEvent:
    row = _made(origin, event, user, details, facts, at)
    row.save()
    return row


def _made(
    origin: context.Origin,
    event: str,
    user: Who,
    details: Mapping[str, str] | None,
    facts: Mapping[str, Fact] | None,
    at: datetime | None,
) -> AuditEvent:
    if event not in events.SENTENCES:
        raise UnknownEvent(event)
    row = AuditEvent(
        at=at or timezone.now(),
        event=event,
        user=user if isinstance(user, UUID) else getattr(user, "pk", None),
        address=origin.address,
        browser=origin.browser,
        request_id=origin.request_id,
        details=_each(details, _printable),
        facts=_each(facts, lambda fact: fact if isinstance(fact, int) else _printable(fact)),
        salts=commitments.new_salts(),
    )
    row.commitments = commitments.commit_all(row)
    return row


def _erase(user_id: UUID, at: datetime) -> int:
    return AuditEvent.objects.filter(user=user_id)._amend(
        user=None,
        pseudonym=pseudonym(user_id),
        address="",
        browser="",
        details={},
        salts={},
        erased_at=at,
    )


def _each(values: Mapping[str, Any] | None, clean: Callable[[Any], Fact]) -> dict[str, Fact]:
    return {name: clean(value) for name, value in (values or {}).items()}


def _printable(word: object) -> str:
    # A line break or a terminal's control character would let a name forge lines wherever the
    # log is read; PostgreSQL moreover refuses NUL in JSON.
    text = str(word)[:LONGEST_WORD]
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )

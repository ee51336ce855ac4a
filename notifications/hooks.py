"""The third channel: a notice to a web address, as JSON or in the way of ntfy.

What is sent says that something happened and where to read about it, and nothing else: who reads
along at the other end learns neither address nor browser nor any word of the event.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from audit import events
from audit import services as audit
from core import sealing
from jobs import services as jobs
from jobs.services import GiveUp, Postpone, Run
from notifications import kinds, outward
from notifications.models import NoticeEndpoint, OutgoingNotice

Person = AbstractBaseUser | AnonymousUser
DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180))
ATTEMPTS = len(DELAYS) + 1
KEPT = timedelta(days=30)
TEST = "test"
AWAY, REFUSED = "notice_away", "notice_refused"
JSON_WAY, NTFY_WAY = NoticeEndpoint.Way.WEBHOOK, NoticeEndpoint.Way.NTFY


class EndpointRefused(Exception):
    """An address that notices cannot go to; the sentence says why."""


@dataclass(frozen=True)
class Destination:
    """Where a notice goes. What the operator has set in the environment may be anywhere."""

    way: str
    url: str
    is_operators: bool


def are_open() -> bool:
    """Whether people may have notices sent to an address of their own."""
    return bool(settings.WEBHOOKS)


def endpoint_of(user: Person) -> NoticeEndpoint | None:
    if not are_open():
        return None
    return NoticeEndpoint.objects.filter(user=user.pk).first()


def keep(user: AbstractBaseUser, *, way: str, url: str, at: datetime) -> NoticeEndpoint:
    """Keep somebody's address, in place of an earlier one; raises EndpointRefused."""
    try:
        target = outward.parse(url, allows_http=bool(settings.WEBHOOK_NETWORKS))
        outward.resolve(target, allowed=settings.WEBHOOK_NETWORKS)
    except outward.ForbiddenAddress:
        raise EndpointRefused(_("This name leads into a private network.")) from None
    except outward.Unreachable:
        raise EndpointRefused(_("This name cannot be found.")) from None
    except outward.BadUrl:
        raise EndpointRefused(_("Enter an address that begins with https://.")) from None
    with transaction.atomic():
        NoticeEndpoint.objects.filter(user=user.pk).delete()
        row = NoticeEndpoint(way=way, host=target.host[:255], created_at=at)
        row.user_id = user.pk
        sealing.seal_field(row, "sealed_url", url.encode())
        row.save(force_insert=True)
        audit.record(events.ENDPOINT_SET, user=user, details={"host": row.host}, at=at)
    return row


def remove(user: Person, *, at: datetime) -> bool:
    with transaction.atomic():
        gone, _by_model = NoticeEndpoint.objects.filter(user=user.pk).delete()
        if gone:
            audit.record(events.ENDPOINT_REMOVED, user=user, at=at)
    return bool(gone)


def send(kind: str, *, user: Person | None, at: datetime) -> None:
    """Send a notice on its way, in the caller's transaction; to the operators' without a user."""
    # Every operator is told of the same alarm: the one address of theirs hears of it once.
    once = f"{kind} {at.isoformat()}" if user is None else None
    if once and OutgoingNotice.objects.filter(once=once).exists():
        return
    with transaction.atomic():
        row = OutgoingNotice.objects.create(
            kind=kind, user=user.pk if user else None, once=once, created_at=at
        )
        jobs.enqueue("notice", subject=row.pk, max_attempts=ATTEMPTS, at=at)


def deliver(run: Run) -> None:
    """Post the notice that is the job's subject."""
    row = OutgoingNotice.objects.filter(pk=run.subject, sent_at=None, failed_at=None).first()
    destination = _destination(row) if row else None
    if row is None or destination is None:
        # Delivered by an earlier attempt, or nobody wants it any more.
        OutgoingNotice.objects.filter(pk=run.subject, sent_at=None).delete()
        return
    try:
        status = _post(row, destination)
    except (outward.BadUrl, outward.ForbiddenAddress):
        raise GiveUp(REFUSED, "The address is not one that notices may go to.") from None
    except outward.Unreachable:
        raise _postponed(run) from None
    if status in {408, 425, 429} or status >= 500:
        raise _postponed(run)
    if not 200 <= status < 300:
        raise GiveUp(REFUSED, f"The address answered with status {status}.")
    now = timezone.now()
    OutgoingNotice.objects.filter(pk=row.pk).update(sent_at=now)
    NoticeEndpoint.objects.filter(user=row.user).update(delivered_at=now, failure="")
    OutgoingNotice.objects.filter(created_at__lt=now - KEPT).delete()


def give_up(notice_id: UUID, *, sentence: str, at: datetime) -> None:
    """Record that a notice will never be delivered."""
    with transaction.atomic():
        rows = OutgoingNotice.objects.filter(pk=notice_id, sent_at=None, failed_at=None)
        row = rows.first()
        if row is None or rows.update(failed_at=at) != 1:
            return
        NoticeEndpoint.objects.filter(user=row.user).update(failure=sentence[:200])
        audit.record(events.NOTICE_FAILED, user=row.user, facts={"kind": row.kind}, at=at)


def _destination(row: OutgoingNotice) -> Destination | None:
    if row.user is None:
        url, way = settings.ALARM_URL, settings.ALARM_FORMAT
        return Destination(way, url, is_operators=True) if url else None
    endpoint = NoticeEndpoint.objects.filter(user=row.user).first() if are_open() else None
    if endpoint is None:
        return None
    url = sealing.open_field(endpoint, "sealed_url").decode()
    return Destination(endpoint.way, url, is_operators=False)


def _post(row: OutgoingNotice, destination: Destination) -> int:
    body, headers = message(row, destination.way)
    anywhere = ("0.0.0.0/0", "::/0")
    return outward.post(
        destination.url,
        body,
        headers,
        allowed=anywhere if destination.is_operators else settings.WEBHOOK_NETWORKS,
        allows_http=destination.is_operators or bool(settings.WEBHOOK_NETWORKS),
    )


def message(row: OutgoingNotice, way: str) -> tuple[bytes, Mapping[str, str]]:
    """What is posted, and its headers."""
    site = urlsplit(settings.SITE_URL).netloc
    link = f"{settings.SITE_URL}/notifications/"
    kind = kinds.ALL.get(row.kind)
    with translation.override(settings.LANGUAGE_CODE):
        title = str(kind.title) if kind else _("This is a test")
        text = _("%(title)s. Sign in to %(site)s to read more.") % {"title": title, "site": site}
    common = {"User-Agent": "AuthNode", "Idempotency-Key": str(row.pk)}
    if way == NTFY_WAY:
        urgent = "high" if kind and kind.is_security else "default"
        words = {"Title": "AuthNode", "Priority": urgent, "Tags": "closed_lock_with_key"}
        return text.encode(), {**common, **words, "Click": link}
    content: dict[str, Any] = {
        "id": str(row.pk),
        "kind": row.kind,
        "title": title,
        "text": text,
        "site": site,
        "link": link,
        "at": row.created_at.astimezone(UTC).isoformat(timespec="seconds"),
    }
    return json.dumps(content).encode(), {**common, "Content-Type": "application/json"}


def _postponed(run: Run) -> Postpone:
    delay = DELAYS[min(run.attempt, len(DELAYS)) - 1]
    return Postpone(delay, code=AWAY, sentence="The address for notices could not be reached.")

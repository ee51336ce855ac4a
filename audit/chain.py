"""The chain: each sealed event carries an HMAC over itself and the one before it.

Promised: without the lasting key "audit-chain" nobody changes, removes, inserts or reorders sealed
events unnoticed (`audit.verification` finds the first). Cutting the newest events off, head and
all, shows only against an anchor (`audit.anchors`). Not promised: anything about events that are
not sealed yet, about a minute's worth, nor that a pseudonym is the one that was given.

The place in the chain is given here and not by the database's ids: those have gaps after a
rollback, and on PostgreSQL an older id may appear after a younger one. Such an event is simply
sealed later.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime

from django.db import transaction

from audit import anchors, commitments
from audit.models import AuditEvent, ChainHead
from core import lasting

BATCH = 500


class SealedElsewhere(Exception):
    """Another task sealed the same events first."""

    def __init__(self) -> None:
        super().__init__("Another task is sealing these events.")


def link(previous_mac: str, position: int, event: AuditEvent) -> str:
    """The MAC of an event at a place in the chain."""
    message = commitments.canonical(
        [
            previous_mac,
            position,
            str(event.uid),
            event.at.astimezone(UTC).isoformat(timespec="microseconds"),
            event.event,
            event.request_id,
            event.facts,
            event.commitments,
        ]
    )
    return hmac.digest(lasting.key("audit-chain"), message, "sha256").hex()


def seal(*, at: datetime) -> int:
    """Give every unsealed event its place; the answer is how many were sealed here."""
    sealed = 0
    while AuditEvent.objects.unsealed().exists():
        try:
            count = _seal_batch()
        except SealedElsewhere:
            break
        sealed += count
        if count < BATCH:
            break
    if sealed:
        head = ChainHead.objects.get(pk=ChainHead.ONLY)
        anchors.leave(position=head.position, mac=head.mac, at=at)
    return sealed


def _seal_batch() -> int:
    with transaction.atomic():
        head, _ = ChainHead.objects.get_or_create(pk=ChainHead.ONLY)
        events = list(AuditEvent.objects.unsealed().order_by("id")[:BATCH])
        before = mac = head.mac
        for position, event in enumerate(events, start=head.position + 1):
            event.position, event.chain_mac = position, link(mac, position, event)
            mac = event.chain_mac
        # The one claim: of two tasks that read the same head, one moves it.
        moved = ChainHead.objects.filter(
            pk=ChainHead.ONLY, position=head.position, mac=before
        ).update(position=head.position + len(events), mac=mac)
        if not moved:
            raise SealedElsewhere
        for event in events:
            row = AuditEvent.objects.unsealed().filter(pk=event.pk)
            if not row._amend(position=event.position, chain_mac=event.chain_mac):
                raise SealedElsewhere
    return len(events)

"""The audit chain in the overview of the administration: its two ends, as far as they are cheap.

The whole chain is walked by “manage.py verify_audit”. Here its head is compared with its last
event, and the newest anchor outside the database with the event that it saw.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from audit import anchors
from audit.models import AuditEvent, ChainHead
from core import overview
from core.overview import Figure, Item

SEALED_WITHIN = timedelta(minutes=10)
VIEW_EVENTS = "audit.view_auditevent"


def figures(*, at: datetime) -> Iterator[Item]:
    events = reverse("admin:audit_auditevent_changelist")
    head = ChainHead.objects.filter(pk=ChainHead.ONLY).first() or ChainHead()
    is_whole = fits(head, anchors.newest())
    yield Figure(
        "chain",
        overview.SITE,
        _("Events in the audit chain"),
        head.position,
        VIEW_EVENTS,
        url=f"{events}?position__isnull=False",
        tone=overview.WELL if is_whole else overview.PROBLEM,
        words=_("Its ends fit.") if is_whole else _("Broken: run manage.py verify_audit."),
    )
    waiting = AuditEvent.objects.unsealed()
    oldest = waiting.order_by("id").values_list("at", flat=True).first()
    is_late = oldest is not None and at - oldest > SEALED_WITHIN
    yield Figure(
        "unsealed",
        overview.SITE,
        _("Events to be sealed"),
        waiting.count(),
        VIEW_EVENTS,
        url=f"{events}?position__isnull=True",
        tone=overview.WARNING if is_late else overview.WELL,
        words=_("The oldest waits for more than ten minutes.") if is_late else "",
    )


def fits(head: ChainHead, anchor: anchors.Anchor | None) -> bool:
    """Whether the last event is the head's, and the anchored one is still what it was."""
    wanted = {head.position: head.mac} if head.position else {}
    if anchor is not None:
        if anchor.position > head.position:
            return False
        if wanted.get(anchor.position, anchor.mac) != anchor.mac:
            return False
        wanted[anchor.position] = anchor.mac
    rows = AuditEvent.objects.filter(position__in=wanted).values_list("position", "chain_mac")
    return dict(rows) == wanted

"""Walking the chain: is everything that was sealed still there, unchanged and in its place?"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field

from audit import chain, commitments
from audit.anchors import Anchor
from audit.models import AuditEvent, ChainHead

CHUNK = 500


class ChainBroken(Exception):
    """The first thing that is wrong, as a sentence."""


@dataclass
class Report:
    sealed: int = 0
    unsealed: int = 0
    erased: int = 0
    anchors: int = 0
    mac: str = field(default="", repr=False)


def verify(*, anchors: Iterable[Anchor] = ()) -> Report:
    """Walk the whole chain and compare it with its head and the anchors; raises ChainBroken."""
    head = ChainHead.objects.filter(pk=ChainHead.ONLY).first() or ChainHead()
    expected = {anchor.position: anchor for anchor in anchors}
    report = Report(anchors=len(expected))
    events = AuditEvent.objects.sealed().filter(position__lte=head.position)
    for event in events.order_by("position").iterator(chunk_size=CHUNK):
        _check_place(event, report)
        _check_content(event)
        report.sealed, report.mac = report.sealed + 1, event.chain_mac
        report.erased += event.erased_at is not None
        _check_anchor(expected.pop(report.sealed, None), report)
    _check_end(head, report, expected)
    report.unsealed = _check_unsealed()
    return report


def _check_place(event: AuditEvent, report: Report) -> None:
    position = report.sealed + 1
    if event.position != position:
        raise ChainBroken(f"The event at place {position} of the chain is missing.")
    if not _fits(event, report.mac, position):
        # Only now, as it costs a second walk: does another event belong here?
        for other in AuditEvent.objects.sealed().iterator(chunk_size=CHUNK):
            if other.pk != event.pk and _fits(other, report.mac, position):
                raise ChainBroken(
                    f"Events were put in another order: {_name(other)} belongs to place"
                    f" {position}, where {_name(event)} stands."
                )
        raise ChainBroken(f"The event at place {position}, {_name(event)}, was changed.")


def _fits(event: AuditEvent, previous_mac: str, position: int) -> bool:
    return hmac.compare_digest(chain.link(previous_mac, position, event), event.chain_mac)


def _check_content(event: AuditEvent) -> None:
    personal = commitments.first_mismatch(event)
    if personal is not None:
        where = f"at place {event.position}" if event.position else "that is not sealed yet"
        raise ChainBroken(f"The event {where}, {_name(event)}, was changed in its {personal}.")


def _check_anchor(anchor: Anchor | None, report: Report) -> None:
    if anchor is not None and not hmac.compare_digest(anchor.mac, report.mac):
        raise ChainBroken(
            f"The chain up to place {anchor.position} is not the one that was anchored at"
            f" {anchor.at:%Y-%m-%d %H:%M} UTC: it was made anew."
        )


def _check_end(head: ChainHead, report: Report, missed: dict[int, Anchor]) -> None:
    if head.position != report.sealed:
        raise ChainBroken(
            f"The end of the chain was cut: it reaches place {report.sealed}, and place"
            f" {head.position} was sealed."
        )
    if not hmac.compare_digest(head.mac, report.mac):
        raise ChainBroken("The head of the chain does not belong to its last event.")
    beyond = [anchor for position, anchor in missed.items() if position > report.sealed]
    if beyond:
        newest = max(beyond, key=lambda anchor: anchor.position)
        raise ChainBroken(
            f"The end of the chain was cut: it reaches place {report.sealed}, and the anchor of"
            f" {newest.at:%Y-%m-%d %H:%M} UTC saw place {newest.position}."
        )
    stray = AuditEvent.objects.sealed().filter(position__gt=head.position).order_by("position")
    if (event := stray.first()) is not None and _is_beyond(head):
        raise ChainBroken(f"{_name(event)} stands behind the end of the chain.")


def _is_beyond(head: ChainHead) -> bool:
    # Sealing may have gone on while we walked; then the head has moved too.
    now = ChainHead.objects.filter(pk=ChainHead.ONLY).first()
    return now is None or now.position == head.position


def _check_unsealed() -> int:
    count = 0
    for event in AuditEvent.objects.unsealed().order_by("id").iterator(chunk_size=CHUNK):
        _check_content(event)
        count += 1
    return count


def _name(event: AuditEvent) -> str:
    return f"“{event.event}” of {event.at:%Y-%m-%d %H:%M:%S} UTC ({event.uid})"

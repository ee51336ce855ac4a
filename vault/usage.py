"""The last uses of an entry, out of the audit log: copies, counters and looks at the secret."""

from __future__ import annotations

from audit import events
from audit.models import AuditEvent
from vault.models import OtpEntry

SHOWN = 10
# Polls of the list are not in the log, so that this is what a person did.
USES = (
    events.CODE_COPIED,
    events.HOTP_ADVANCED,
    events.HOTP_UNDONE,
    events.SECRET_REVEALED,
)


def last_uses(entry: OtpEntry) -> list[AuditEvent]:
    """The last ten uses of an entry, newest first."""
    mine = AuditEvent.objects.filter(user=entry.owner_id, event__in=USES)
    return list(mine.filter(facts__entry=str(entry.pk)).order_by("-at", "-id")[:SHOWN])

from __future__ import annotations

from datetime import datetime

from audit import services as audit
from vault.models import OtpEntry


def record(event: str, entry: OtpEntry, *, at: datetime, **facts: str | int | bool) -> None:
    """Record what was done to an entry, with its names for the eyes of its owner."""
    audit.record(
        event,
        user=entry.owner_id,
        details=words_of(entry),
        facts={"entry": str(entry.pk), **facts},
        at=at,
    )


def words_of(entry: OtpEntry) -> dict[str, str]:
    return {"issuer": entry.title, "account": entry.subtitle}

"""Salted commitments to the personal fields of an event.

The chain runs over the commitments, not over the fields. Erasing a field together with its salt
leaves the commitment, and so the chain, as it was; without the salt nobody can test a guess of
what had stood there.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audit.models import AuditEvent

PERSONAL_FIELDS = ("user", "address", "browser", "details")


def canonical(value: Any) -> bytes:
    """The one spelling of a JSON value that is hashed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def new_salts() -> dict[str, str]:
    return {field: secrets.token_hex(16) for field in PERSONAL_FIELDS}


def commit_all(event: AuditEvent) -> dict[str, str]:
    """The commitment of each personal field, with the salts that the event carries."""
    return {field: _commit(event, field) for field in PERSONAL_FIELDS}


def first_mismatch(event: AuditEvent) -> str | None:
    """The first personal field that is not what was committed to, or None."""
    commitments: Mapping[str, str] = event.commitments
    for field in PERSONAL_FIELDS:
        if field in event.salts:
            if not hmac.compare_digest(_commit(event, field), commitments.get(field, "")):
                return field
        elif getattr(event, field) or event.erased_at is None:
            # A salt goes only together with its field, and only by erasing.
            return field
    return None


def _commit(event: AuditEvent, field: str) -> str:
    value = getattr(event, field)
    plain = str(value or "") if field == "user" else value
    return hmac.digest(bytes.fromhex(event.salts[field]), canonical([field, plain]), "sha256").hex()

"""What the pages say about the ways to open the vault key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from keyslots import services as keyslots
from keyslots.models import KeySlot, VaultKey

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

TITLES: dict[str, StrPromise] = {
    KeySlot.Kind.PASSWORD: _("Password"),
    KeySlot.Kind.FORMER_PASSWORD: _("An earlier password"),
    KeySlot.Kind.PASSKEY: _("Passkey"),
    KeySlot.Kind.RECOVERY: _("Notes recovery key"),
}


@dataclass(frozen=True)
class Way:
    """One row of the list."""

    id: UUID
    kind: str
    title: StrPromise
    name: str
    created_at: datetime
    last_used_at: datetime | None
    opens_current: bool

    @property
    def has_name(self) -> bool:
        return self.kind in keyslots.ADDED_LATER

    @property
    def is_former(self) -> bool:
        return self.kind == KeySlot.Kind.FORMER_PASSWORD

    @property
    def is_removable(self) -> bool:
        return self.kind in keyslots.REMOVABLE


def ways(user: User) -> list[Way]:
    """All ways but the slots of older keys, which open by themselves with the newer key."""
    current = keyslots.current_vault_key(user.id)
    rows = keyslots.slots(user.id).exclude(kind=KeySlot.Kind.OLDER)
    return [_way(row, current) for row in rows]


def section(user: User) -> dict[str, object]:
    """What the security page shows."""
    rows = keyslots.slots(user.id)
    return {
        "has_recovery_key": rows.filter(kind=KeySlot.Kind.RECOVERY).exists(),
        "has_former_password": rows.filter(kind=KeySlot.Kind.FORMER_PASSWORD).exists(),
    }


def _way(row: KeySlot, current: VaultKey | None) -> Way:
    return Way(
        id=row.id,
        kind=row.kind,
        title=TITLES[row.kind],
        name=row.name,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        opens_current=current is not None and row.vault_key_id == current.id,
    )

"""Passkeys and security keys of an account."""

from __future__ import annotations

from accounts.models import User


def section(user: User) -> dict[str, object]:
    """What the security page shows."""
    return {"passkeys": user.passkeys.order_by("created_at")}

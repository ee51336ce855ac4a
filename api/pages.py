"""What pages show of tokens."""

from __future__ import annotations

from django.utils import timezone

from accounts.models import User
from api.models import ApiToken


def section(user: User) -> tuple[str, dict[str, object]]:
    """What the security page shows."""
    return "api/section.html", {
        "count": ApiToken.objects.for_owner(user).live(at=timezone.now()).count()
    }

"""What pages show of sessions and of the time that is left."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from sessions_lock import deadlines, services, timeouts
from sessions_lock.models import SessionActivity

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# The words of RFC 8176 and of this site, as people know them.
PROOFS: dict[str, StrPromise] = {
    "pwd": _("password"),
    "otp": _("authenticator app"),
    "passkey": _("passkey"),
    "recovery": _("backup sign-in code"),
    "oidc": _("single sign-on"),
    "trusted": _("trusted browser"),
    "mfa": _("second factor elsewhere"),
}


def proofs(amr: Iterable[str]) -> str:
    return ", ".join(str(PROOFS.get(each, each)) for each in amr)


def state(row: SessionActivity) -> dict[str, object]:
    """What a page is told of its session; times are milliseconds from now."""
    now = timezone.now()
    left = max(0.0, (deadlines.of(row) - now).total_seconds())
    return {
        "remaining": int(left * 1000),
        "lead": int(deadlines.lead(row.timeout).total_seconds() * 1000),
        "minutes": row.timeout_minutes,
        "final": deadlines.is_final(row),
        "now": int(now.timestamp() * 1000),
    }


def section(user: User) -> tuple[str, dict[str, object]]:
    """What the security page shows."""
    return "sessions_lock/section.html", {
        "count": services.live_of(user, at=timezone.now()).count(),
        "minutes": timeouts.shortest(timeouts.of_user(user)),
    }

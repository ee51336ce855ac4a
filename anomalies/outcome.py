"""A session has started: the sign-in counts as verified, and its owner hears what was unusual."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest

from accounts.models import User
from anomalies import alerts, cases, jumps, recording
from anomalies.models import LoginAttempt

ATTEMPT = "sign_in_attempt"


def started(request: HttpRequest, user: User, *, amr: list[str], at: datetime) -> bool:
    """Whether the user has been mailed about it; in the transaction that starts the session."""
    attempt: LoginAttempt | None = getattr(request, recording.ATTRIBUTE, None)
    if attempt is None or attempt.user_id != user.pk:
        # Without the check (it may be switched off) nothing was judged, and nothing is learnt.
        return False
    recording.change(
        attempt,
        outcome=LoginAttempt.Outcome.SIGNED_IN,
        is_verified=True,
        # Somebody who has shown one thing more at this place vouches for it, in this browser.
        is_vouched_for=bool(attempt.further) or attempt.is_vouched_for,
        seen_at=at,
    )
    request.session[ATTEMPT] = str(attempt.pk)
    jumps.start(request, attempt, at=at)
    if not attempt.findings:
        return False
    cases.file(attempt, at=at)
    return alerts.tell(attempt, at=at)

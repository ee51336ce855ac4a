"""What the baseline learns when somebody says whose a sign-in was, and what it forgets."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from anomalies.models import LoginAttempt


def learn(attempt: LoginAttempt, *, at: datetime) -> None:
    """It was the user: the place is vouched for from that browser, if a session came of it."""
    rows = LoginAttempt.objects.filter(pk=attempt.pk, denied_at=None)
    rows.update(confirmed_at=at)
    rows.filter(is_verified=True).update(is_vouched_for=True)


def unlearn(attempt: LoginAttempt, *, at: datetime) -> None:
    """It was somebody else: neither it nor anything else from that browser teaches anything."""
    LoginAttempt.objects.filter(pk=attempt.pk).update(denied_at=at, confirmed_at=None)
    same = Q(pk=attempt.pk)
    if attempt.browser_key:
        same |= Q(user_id=attempt.user_id, browser_key=attempt.browser_key)
    LoginAttempt.objects.filter(same).update(is_verified=False, is_vouched_for=False)

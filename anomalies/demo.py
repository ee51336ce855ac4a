"""A month of sign-ins for the demo: work, a holiday, and somebody with the password far away.

They are judged by the rules as any other sign-in, from the sample of the geo database.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import User
from anomalies import alerts, cases, facts, recording
from anomalies.models import LoginAttempt
from core import geo_sample
from notifications.models import Notification

Outcome, Decision = LoginAttempt.Outcome, LoginAttempt.Decision
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
LAPTOP, PHONE = "Firefox on Linux", "Safari on iPhone"


@dataclass(frozen=True, slots=True)
class Visit:
    ago: timedelta
    address: str
    browser: str
    # Whether it is somebody who knows no more than the address, or the password as well.
    is_guess: bool = False
    is_thief: bool = False


def visits() -> list[Visit]:
    """From the oldest to the newest."""
    work = [
        Visit(day * DAY + (day % 3) * HOUR, _office(day), PHONE if day % 4 == 0 else LAPTOP)
        for day in range(30, 1, -1)
        if day % 7 not in {0, 6} and not 14 <= day <= 18
    ]
    holiday = [Visit(day * DAY, geo_sample.MADRID, PHONE) for day in (17, 15)]
    guesses = [
        Visit(2 * DAY - number * MINUTE, geo_sample.NEW_YORK, "Chrome on Windows", is_guess=True)
        for number in range(6)
    ]
    theft = [
        Visit(DAY + 50 * MINUTE, geo_sample.BERLIN, LAPTOP),
        Visit(DAY, geo_sample.SINGAPORE, "Chrome on Windows", is_thief=True),
    ]
    return sorted([*work, *holiday, *guesses, *theft], key=lambda visit: -visit.ago)


def fill(user: User, *, at: datetime) -> int:
    """Add the sign-ins to an account without any; the answer is how many it has then."""
    mine = LoginAttempt.objects.for_owner(user)
    if not mine.exists():
        for visit in visits():
            _come(user, visit, at=at - visit.ago)
    return mine.count()


def _office(day: int) -> str:
    return (geo_sample.BERLIN, geo_sample.BERLIN, geo_sample.POTSDAM)[day % 3]


def _come(user: User, visit: Visit, *, at: datetime) -> None:
    located = facts.locate(visit.address, at=at)
    key = hashlib.sha256(f"{user.pk}|{visit.browser}".encode()).hexdigest()
    attempt = LoginAttempt(
        at=at,
        user=user,
        outcome=Outcome.REFUSED,
        stage="password",
        browser=visit.browser,
        browser_key=key,
        **located.columns(),
    )
    if not visit.is_guess:
        attempt.outcome, attempt.stage, attempt.methods = Outcome.SIGNED_IN, "check", ["pwd", "otp"]
    attempt.save(force_insert=True)
    if visit.is_guess:
        return
    recording.judge(attempt, user, located, browser_key=key, at=at)
    if visit.is_thief:
        recording.note(attempt, outcome=Outcome.WAITING, decision=Decision.VERIFY)
    else:
        is_told = attempt.is_medium
        recording.note(attempt, decision=Decision.TELL if is_told else Decision.ALLOW)
        recording.note(attempt, is_verified=True, seen_at=at)
    recording.change(attempt)
    if attempt.is_medium or attempt.is_high:
        cases.file(attempt, at=at)
        # In the inbox alone: nobody is mailed about what never happened.
        Notification.objects.create(
            user=user,
            kind=alerts.KINDS[attempt.level],
            params=alerts.describe(attempt),
            created_at=at,
        )

"""Telling the user of an unusual sign-in: what, when, where, why, and what to do.

A rule is told of once a day and level. Low and medium may be switched off, or muted for the
user's own automation; high may not.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User
from anomalies import rules, worldmap
from anomalies.models import AlertSent, LoginAttempt, Mute
from notifications import kinds
from notifications import services as notifications

KINDS = {
    rules.LOW: "unusual_sign_in_low",
    rules.MEDIUM: "unusual_sign_in_medium",
    rules.HIGH: "unusual_sign_in_high",
}


def tell(attempt: LoginAttempt, *, at: datetime) -> bool:
    """Tell the owner, in the caller's transaction; the answer is whether a mail is on its way.

    It is not when there is nothing (new) to tell, or the owner wants no mails of this kind.
    """
    user = attempt.user
    if user is None or not attempt.findings or _is_muted(user, attempt):
        return False
    if not _is_new(user, attempt, at=at):
        return False
    with translation.override(settings.LANGUAGE_CODE):
        params = describe(attempt)
    has_map = attempt.spot is not None and attempt.level != rules.LOW
    picture = worldmap.as_png(attempt.spot) if has_map and attempt.spot else ""
    kind = KINDS[attempt.level]
    notifications.notify(user, kind, params=params, picture=picture, at=at)
    return notifications.choice(user, kinds.get(kind)).mail


def describe(attempt: LoginAttempt) -> dict[str, str]:
    """The words of an alert. Nothing in them was written by whoever tried to sign in."""
    return {
        "address": attempt.address,
        "browser": attempt.browser,
        "place": attempt.place or _("an unknown place"),
        "result": result(attempt),
        "reasons": " ".join(reason.sentence for reason in attempt.reasons),
    }


def result(attempt: LoginAttempt) -> str:
    """What came of it, as one sentence."""
    outcome = LoginAttempt.Outcome
    texts = {
        outcome.SIGNED_IN: _("The sign-in went through."),
        outcome.WAITING: _("It was stopped, and a further proof was asked for."),
        outcome.HELD: _("It was stopped, and is held for an operator."),
        outcome.BLOCKED: _("It was stopped."),
    }
    return texts.get(outcome(attempt.outcome), "")


def _is_muted(user: User, attempt: LoginAttempt) -> bool:
    if attempt.level == rules.HIGH:
        return False
    return Mute.objects.filter(user=user, network=attempt.network, browser=attempt.browser).exists()


def _is_new(user: User, attempt: LoginAttempt, *, at: datetime) -> bool:
    """Whether a rule of this attempt has not been told of today; claims all of them."""
    today = AlertSent.objects.filter(user=user, level=attempt.level, day=at.date())
    names = {str(finding["rule"]) for finding in attempt.findings}
    new = names.difference(today.values_list("rule", flat=True))
    made = [
        AlertSent.objects.get_or_create(user=user, rule=rule, level=attempt.level, day=at.date())[1]
        for rule in sorted(new)
    ]
    return any(made)

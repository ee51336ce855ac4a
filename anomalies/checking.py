"""The check between the factors and the session (`SIGN_IN_CHECKS`): score, decide, go on or not.

Above the threshold a further factor is asked for that this sign-in has not shown yet. A passkey
is enough by itself, as it cannot be phished. Where nothing else is at hand the sign-in is held:
an operator lets it in, or a day passes in which the owner is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import resolve_url

from accounts import factors
from accounts.models import PendingSignIn
from accounts.signin import PASSKEY
from anomalies import alerts, browsers, cases, demands, facts, grants, mailed_codes, recording
from anomalies.models import LoginAttempt
from audit import events
from audit import services as audit
from core import client

Decision, Outcome = LoginAttempt.Decision, LoginAttempt.Outcome
CHECK = "check"
PAGES = {
    Decision.VERIFY: "anomalies:verify",
    Decision.HOLD: "anomalies:held",
    Decision.BLOCK: "anomalies:blocked",
}
OUTCOMES = {
    Decision.VERIFY: Outcome.WAITING,
    Decision.HOLD: Outcome.HELD,
    Decision.BLOCK: Outcome.BLOCKED,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    decision: str
    # By what a sign-in of high risk was let in all the same.
    further: str = ""


def check(request: HttpRequest, pending: PendingSignIn, *, at: datetime) -> str | None:
    """None to let the sign-in pass, or the URL of the further step."""
    attempt = recording.of_pending(request, pending, at=at)
    setattr(request, recording.ATTRIBUTE, attempt)
    if demands.is_open(pending.user):
        _stop(attempt, Outcome.BLOCKED, Decision.BLOCK, at=at)
        return resolve_url("anomalies:new-password")
    judged(request, pending, attempt, at=at)
    verdict = decide(request, pending, attempt, at=at)
    if verdict.decision in PAGES:
        _refuse(pending, attempt, verdict, at=at)
        return resolve_url(PAGES[Decision(verdict.decision)])
    recording.note(attempt, decision=verdict.decision, further=verdict.further, stage=CHECK)
    if attempt.findings:
        # Whatever becomes of it, this stays known. What was not unusual is written when the
        # session starts, as one change, and is judged anew should it not start.
        recording.change(attempt)
    return None


def judged(
    request: HttpRequest, pending: PendingSignIn, attempt: LoginAttempt, *, at: datetime
) -> None:
    """Score the attempt once, and again when it goes on from another address."""
    shown = _shown(pending)
    columns: dict[str, object] = {"is_trusted_browser": "trusted" in pending.amr}
    if not set(attempt.methods) <= shown or attempt.score is None:
        # What was shown has been dropped, or this is the first look: from here on whatever
        # comes on top is a further proof.
        columns["methods"] = list(dict.fromkeys(_order(pending)))
    address = client.address(request)
    if attempt.score is not None and attempt.address == address:
        recording.note(attempt, **columns)
        return
    recording.judge(
        attempt,
        pending.user,
        facts.locate(address, at=at),
        browser_key=browsers.key_of(request, pending.user.pk),
        at=at,
        **columns,
    )


def decide(
    request: HttpRequest, pending: PendingSignIn, attempt: LoginAttempt, *, at: datetime
) -> Verdict:
    score = attempt.score or 0
    if score <= settings.ANOMALIES_VERIFY_ABOVE:
        is_told = score >= settings.ANOMALIES_TELL_AT
        return Verdict(Decision.TELL if is_told else Decision.ALLOW)
    is_blocked = 0 < settings.ANOMALIES_BLOCK_AT <= score
    further = "" if is_blocked else further_proof(pending, attempt)
    if not further and grants.claim(
        pending.user, attempt.browser_key, pending_id=pending.id, at=at
    ):
        further = grants.GRANT
    if further:
        return Verdict(Decision.TELL, further)
    if is_blocked:
        return Verdict(Decision.BLOCK)
    if ways(pending, attempt) or mailed_codes.can_mail(pending.user):
        return Verdict(Decision.VERIFY)
    return Verdict(Decision.HOLD)


def further_proof(pending: PendingSignIn, attempt: LoginAttempt) -> str:
    """What this sign-in has shown beyond what it had when it was judged; "" for nothing."""
    if PASSKEY in _shown(pending):
        return PASSKEY
    on_top = [proof for proof in pending.proofs if proof["amr"] not in attempt.methods]
    if on_top:
        return str(on_top[0]["factor"])
    return mailed_codes.MAIL if mailed_codes.is_shown(pending.id) else ""


def ways(pending: PendingSignIn, attempt: LoginAttempt) -> list[factors.Way]:
    """The user's factors that this sign-in has not used; a code by mail comes on top."""
    used = {str(proof["factor"]) for proof in pending.proofs}
    return [
        factors.Way(factor.title, resolve_url(factor.url_name))
        for factor in factors.enrolled(pending.user)
        if factor.name not in used
    ]


def _shown(pending: PendingSignIn) -> set[str]:
    return set(_order(pending))


def _order(pending: PendingSignIn) -> list[str]:
    return [*pending.amr, *(str(proof["amr"]) for proof in pending.proofs)]


def _refuse(
    pending: PendingSignIn, attempt: LoginAttempt, verdict: Verdict, *, at: datetime
) -> None:
    decision = Decision(verdict.decision)
    with transaction.atomic():
        if decision == Decision.HOLD:
            grants.hold(attempt, pending.user, opens_by_itself=True, at=at)
        _stop(attempt, OUTCOMES[decision], decision, at=at)


def _stop(attempt: LoginAttempt, outcome: str, decision: str, *, at: datetime) -> None:
    """Note that the sign-in does not go on; told, recorded and filed the first time only."""
    with transaction.atomic():
        recording.change(attempt)
        first = LoginAttempt.objects.filter(pk=attempt.pk).exclude(decision=decision)
        is_first = first.update(decision=decision, outcome=outcome, stage=CHECK) == 1
        attempt.decision, attempt.outcome, attempt.stage = decision, outcome, CHECK
        if not is_first:
            return
        audit.record(
            events.SIGN_IN_UNUSUAL,
            user=attempt.user_id,
            facts={"score": attempt.score or 0, "decision": str(decision)},
            at=at,
        )
        if attempt.score is not None:
            cases.file(attempt, at=at)
            alerts.tell(attempt, at=at)


def set_aside(attempt: LoginAttempt, *, at: datetime) -> None:
    """The user asks for an operator, as none of the further proofs is at hand."""
    _stop(attempt, Outcome.HELD, Decision.HOLD, at=at)

"""During a session: a request from where nobody can have got to asks for confirm-it's-you first.

What the session was last seen at is kept in the session itself, so that a request from the same
network costs nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest

from accounts import confirmation
from accounts.models import User
from anomalies import alerts, browsers, cases, facts, recording, rules, thresholds
from anomalies.models import LoginAttempt
from audit import events
from audit import services as audit
from core import client

PLACE = "sign_in_place"
JUMP = "sign_in_jump"
ATTEMPT = "sign_in_attempt"
NOTED_EVERY = timedelta(minutes=5)
MOST_KNOWN = 8
SESSION = "session"


def start(request: HttpRequest, attempt: LoginAttempt, *, at: datetime) -> None:
    """Where a session that has just started is."""
    spot = attempt.spot
    request.session[PLACE] = _place(attempt.network, spot, [attempt.network], at)


def must_confirm(request: HttpRequest, user: User, *, is_background: bool, at: datetime) -> bool:
    """Whether this request may not go on before its user has confirmed that it is them."""
    kept, network = request.session.get(PLACE), client.network(client.address(request))
    is_known = kept is not None and network in kept["known"]
    jump = request.session.get(JUMP)
    if jump is not None:
        if not _has_confirmed(request, jump):
            if not is_known:
                return True
        elif not is_background:
            _settle(request, jump, kept, network, at=at)
            return False
    if kept is not None and is_known:
        if not is_background:
            _note(request, kept, network, at=at)
        return False
    return _look(request, user, kept, network, is_background=is_background, at=at)


def _look(
    request: HttpRequest,
    user: User,
    kept: dict[str, Any] | None,
    network: str,
    *,
    is_background: bool,
    at: datetime,
) -> bool:
    """The session is heard of from another network."""
    located = facts.locate(client.address(request), at=at)
    finding = _journey(request, user, kept, located, at=at) if kept else None
    if finding is not None:
        if not is_background:
            _stop(request, user, located, finding, at=at)
        return True
    if not is_background:
        spot = located.spot or _spot(kept)
        known = [*(kept["known"] if kept else []), network][-MOST_KNOWN:]
        request.session[PLACE] = _place(network, spot, known, at)
        _tell_attempt(request, spot, at=at)
    return False


def _journey(
    request: HttpRequest,
    user: User,
    kept: dict[str, Any],
    located: facts.Located,
    *,
    at: datetime,
) -> rules.Finding | None:
    before, here = _spot(kept), located.spot
    if before is None or here is None:
        return None
    seen_at = datetime.fromtimestamp(kept["seen"], UTC)
    found = rules.Facts(at=at, spot=here, priors=[rules.Past(seen_at, before)])
    try:
        finding = rules.impossible_travel(found, thresholds.current())
    except rules.NotEvaluated:
        return None
    if finding is None:
        return None
    # Only now, as it asks the database.
    key = browsers.key_of(request, user.pk)
    if any(facts.vouched_for(user, spot, browser_key=key, at=at) for spot in (here, before)):
        return None
    return finding


def _stop(
    request: HttpRequest,
    user: User,
    located: facts.Located,
    finding: rules.Finding,
    *,
    at: datetime,
) -> None:
    score = rules.score_of([finding.points])
    network = client.network(located.address)
    again = LoginAttempt.objects.for_owner(user).filter(
        network=network,
        stage=SESSION,
        outcome=LoginAttempt.Outcome.WAITING,
        at__gt=at - NOTED_EVERY,
    )
    if (same := again.first()) is not None:
        # Two requests at once, or a page that comes back before its session is saved.
        _set_aside(request, same, at=at)
        return
    with transaction.atomic():
        attempt = LoginAttempt.objects.create(
            at=at,
            user=user,
            outcome=LoginAttempt.Outcome.WAITING,
            stage=SESSION,
            browser=client.browser(request),
            browser_key=browsers.key_of(request, user.pk),
            methods=[SESSION],
            findings=[finding.as_json()],
            score=score,
            level=rules.level_of(score, thresholds.current()),
            decision=LoginAttempt.Decision.VERIFY,
            **located.columns(),
        )
        audit.record(events.SESSION_JUMPED, user=user.pk, facts={"score": score}, at=at)
        cases.file(attempt, at=at)
        alerts.tell(attempt, at=at)
    _set_aside(request, attempt, at=at)


def _set_aside(request: HttpRequest, attempt: LoginAttempt, *, at: datetime) -> None:
    request.session[JUMP] = {"at": at.timestamp(), "attempt": str(attempt.pk)}
    # Whatever was proven before was proven elsewhere.
    request.session[confirmation.PROVEN_AT] = 0


def _has_confirmed(request: HttpRequest, jump: dict[str, Any]) -> bool:
    return float(request.session.get(confirmation.PROVEN_AT, 0)) >= float(jump["at"])


def _settle(
    request: HttpRequest,
    jump: dict[str, Any],
    kept: dict[str, Any] | None,
    network: str,
    *,
    at: datetime,
) -> None:
    """Its user has confirmed; that gave the session a new key, which only their browser has."""
    del request.session[JUMP]
    attempt = recording.find(jump["attempt"])
    known = kept["known"] if kept else []
    if network in known:
        # At home: whoever was elsewhere holds a key that is worth nothing now.
        return
    spot = facts.locate(client.address(request), at=at).spot or _spot(kept)
    request.session[PLACE] = _place(network, spot, [*known, network][-MOST_KNOWN:], at)
    if attempt is not None and attempt.network == network and attempt.denied_at is None:
        recording.change(
            attempt,
            outcome=LoginAttempt.Outcome.SIGNED_IN,
            further="confirm",
            is_verified=True,
            is_vouched_for=True,
        )


def _note(request: HttpRequest, kept: dict[str, Any], network: str, *, at: datetime) -> None:
    seen_at = datetime.fromtimestamp(kept["seen"], UTC)
    is_here = kept["network"] == network
    if is_here and at - seen_at < NOTED_EVERY:
        return
    spot = _spot(kept) if is_here else facts.locate(client.address(request), at=at).spot
    spot = spot or _spot(kept)
    if not is_here and at - seen_at < NOTED_EVERY:
        # Between two networks of one browser, as with two kinds of addresses: not each time.
        return
    request.session[PLACE] = _place(network, spot, kept["known"], at)
    _tell_attempt(request, spot, at=at)


def _tell_attempt(request: HttpRequest, spot: rules.Spot | None, *, at: datetime) -> None:
    """So that a sign-in elsewhere is compared with where this session is now."""
    attempt_id = request.session.get(ATTEMPT)
    if attempt_id is None:
        return
    columns: dict[str, Any] = {"seen_at": at}
    if spot is not None:
        columns |= {
            "seen_latitude": spot.latitude,
            "seen_longitude": spot.longitude,
            "seen_radius": spot.radius,
            "seen_country": spot.country,
        }
    LoginAttempt.objects.filter(pk=attempt_id).update(**columns)


def _place(network: str, spot: rules.Spot | None, known: list[str], at: datetime) -> dict[str, Any]:
    return {
        "network": network,
        "spot": [
            *(spot.latitude, spot.longitude, spot.radius, spot.country, spot.city, spot.system)
        ]
        if spot
        else None,
        "known": known,
        "seen": at.timestamp(),
    }


def _spot(kept: dict[str, Any] | None) -> rules.Spot | None:
    return rules.Spot(*kept["spot"]) if kept and kept["spot"] else None

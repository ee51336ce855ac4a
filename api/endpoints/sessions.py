"""Sessions of programs that have none of the site's pages: recovering one, and keeping it alive.

Recovering is the sign-in itself, step for step what the pages do, with the same limits, checks and
records; what comes out is a session like any other, which locks like any other.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from ninja import Router

from accounts import factors, signin
from accounts.credentials import CredentialsRefused, read_auth_secret
from accounts.models import User
from accounts.oidc import policy as sso
from api import problems, schemas
from api.auth import Session
from api.endpoints.hiding import hiding
from core import allowances, throttle
from recovery import attempts
from recovery import services as recovery
from sessions_lock import activity, pages
from sessions_lock.models import SessionActivity
from sessions_lock.store import hash_key

router = Router(tags=["session"])


@router.post(
    "/auth/recover",
    auth=None,
    response=schemas.RecoveredSession,
    operation_id="recover_session",
    url_name="recover",
)
@hiding("body", "secret")
def recover_session(request: HttpRequest, body: schemas.Recovery) -> schemas.RecoveredSession:
    if request.user.is_authenticated:
        raise problems.Refused(
            problems.CONFLICT, _("This request came with a session that is signed in already.")
        )
    throttle.count(request, group="sign-in", rate="60/m")
    throttle.count(request, group="recovery", rate="60/m")
    try:
        secret = read_auth_secret({"auth_secret": body.auth_secret})
    except CredentialsRefused:
        sentence = _("The auth secret is 32 bytes as base64url, derived from the password.")
        errors = [{"where": "body.auth_secret", "problem": sentence}]
        raise problems.Refused(problems.NOT_VALID, sentence, errors=errors) from None
    _go_through(request, body.email, secret, body.code)
    user = cast("User", request.user)
    recovery_set = recovery.valid_set(user.pk)
    return schemas.RecoveredSession(
        session=schemas.SessionState(**_state(_row_of(request))),
        is_restricted=factors.is_restricted(request),
        codes_left=recovery.left(recovery_set) if recovery_set else 0,
        csrf_token=get_token(request),
    )


@router.get(
    "/session/heartbeat",
    auth=Session(),
    response=schemas.SessionState,
    operation_id="read_session",
    url_name="heartbeat",
)
def read_session(request: HttpRequest) -> dict[str, Any]:
    """Looking extends nothing."""
    return _state(_row_of(request))


@router.post(
    "/session/heartbeat",
    auth=Session(),
    response=schemas.SessionState,
    operation_id="keep_session",
)
def keep_session(request: HttpRequest, body: schemas.Activity) -> dict[str, Any]:
    row = _row_of(request)
    activity.note(row, at=timezone.now(), idle=timedelta(milliseconds=body.idle))
    return _state(row)


@sensitive_variables("secret", "code")
def _go_through(request: HttpRequest, email: str, secret: bytes, code: str) -> None:
    """The steps of the sign-in pages, in their order; raises problems.Refused."""
    now = timezone.now()
    try:
        sso.ask_for_own_way(request, at=now)
        user = signin.check_password(request, address=email, auth_secret=secret, at=now)
        sso.break_glass(user, at=now)
        next_url = resolve_url(settings.LOGIN_REDIRECT_URL)
        signin.begin(request, user, amr="pwd", next_url=next_url, at=now)
        proof = attempts.judge(request, user, typed=code, at=now)
        signin.add_proof(request, proof, at=now)
        step = _start(request, user)
    except (signin.WrongPassword, signin.PendingGone, recovery.CodeRefused, factors.ProofRefused):
        # A password that was right opens nothing by itself, not even the page for the factor.
        request.session.flush()
        raise problems.Refused(problems.SIGN_IN_REFUSED) from None
    except (signin.TooManyAttempts, allowances.Spent) as refusal:
        request.session.flush()
        raise _too_many(refusal) from None
    except sso.SingleSignOnOnly:
        sentence = _("This site takes no passwords. Sign in through its sign-in service.")
        raise problems.Refused(problems.FORBIDDEN, sentence) from None
    if not request.user.is_authenticated:
        raise problems.Refused(problems.FURTHER_STEP_NEEDED, continue_at=step)


def _start(request: HttpRequest, user: User) -> str:
    now = timezone.now()
    try:
        return signin.advance(request, at=now)
    except factors.ProofRefused:
        # Used, or ended, between the look and the deed.
        attempts.report(request, user, reason="used meanwhile", at=now)
        raise


def _too_many(refusal: Exception) -> problems.Refused:
    left = timedelta(minutes=15)
    if isinstance(refusal, allowances.Spent):
        left = max(refusal.retry_at - timezone.now(), timedelta(seconds=1))
    headers = {"Retry-After": str(int(left.total_seconds()) + 1)}
    sentence = _("Too many sign-ins were tried with this address. Wait, then try again.")
    return problems.Refused(problems.TOO_MANY, sentence, headers=headers)


def _row_of(request: HttpRequest) -> SessionActivity:
    session: Any = request.session
    row: SessionActivity | None = session.row
    # A session that has just started was never read.
    return row or SessionActivity.objects.get(key_hash=hash_key(session.session_key))


def _state(row: SessionActivity) -> dict[str, Any]:
    return dict(pages.state(row))

"""Confirm-it's-you: a sensitive deed asks for a proof that is not older than five minutes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils.translation import gettext as _

from accounts import factors, signin
from accounts.models import User
from accounts.oidc import identities
from audit import events
from audit import services as audit
from core import allowances

FRESH_FOR = timedelta(minutes=5)
FRESH_FOR_ADMIN = timedelta(minutes=10)
PROVEN_AT = "proven_at"


def is_fresh(request: HttpRequest, *, at: datetime, within: timedelta = FRESH_FOR) -> bool:
    proven_at = float(request.session.get(PROVEN_AT, 0))
    # A proof from the future is no proof: the clock was set back since.
    return 0 <= at.timestamp() - proven_at < within.total_seconds()


def confirm(request: HttpRequest, user: User, *, auth_secret: bytes, at: datetime) -> None:
    """Prove the session's own user again; raises signin.SignInRefused or allowances.Spent.

    The user comes from the session, never from the form: otherwise anybody's password would do.
    """
    allowances.claim("confirm", str(user.pk), limit=20, per=timedelta(hours=1), at=at)
    try:
        signin.judge_password(request, address=user.email, auth_secret=auth_secret, at=at)
    except signin.SignInRefused:
        audit.record(events.CONFIRM_REFUSED, user=user.pk, at=at)
        raise
    record(request, user, amr="pwd", at=at)


def record(request: HttpRequest, user: User, *, amr: str, at: datetime) -> None:
    """Note that the session's own user has proven themselves now, under a new session key."""
    audit.record(events.CONFIRM_PASSED, user=user.pk, facts={"amr": amr}, at=at)
    request.session.cycle_key()
    request.session[PROVEN_AT] = at.timestamp()
    shown = request.session.get(factors.AMR, [])
    if amr not in shown:
        request.session[factors.AMR] = [*shown, amr]


def ways(user: User, *, but: str) -> list[factors.Way]:
    """The ways to confirm, except the one called `but` ("password" or a factor's name)."""
    found = []
    if user.has_usable_password() and but != "password":
        found.append(factors.Way(_("Password"), resolve_url("accounts:confirm")))
    found += [
        factors.Way(factor.title, resolve_url(factor.confirm_url_name))
        for factor in factors.enrolled(user)
        if factor.confirm_url_name and factor.name != but
    ]
    if but != "oidc" and identities.confirms_by_provider(user):
        found.append(factors.Way(settings.OIDC_NAME, resolve_url("accounts:oidc-confirm")))
    return found

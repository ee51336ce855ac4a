"""Signing in, in one readable flow.

password -> pending sign-in -> second factor, if one is enrolled -> checks -> the session starts.

Between the password and the session there is a PendingSignIn: ten minutes, bound to this browser's
anonymous session, and nothing of the user's can be reached with it. The session starts in one
transaction that claims the pending row, consumes the proofs and saves the new session, so that
either all of it happened or nothing did.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module

from django.conf import settings
from django.contrib.auth import authenticate, login
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import resolve_url

from accounts import addresses, factors, policy, signals
from accounts.models import PendingSignIn, User
from accounts.slots import session_key
from accounts.trusted import services as trusted
from audit import events
from audit import services as audit
from core import allowances, client
from keyslots import services as keyslots
from notifications import services as notifications

PENDING_FOR = timedelta(minutes=10)
PENDING_KEY = "pending_sign_in"
PASSKEY = "passkey"
# First factors that need no second one: a passkey proves possession and person at once, and a
# provider that the operator trusts has asked for a second factor itself.
COMPLETE = frozenset({PASSKEY, factors.MFA})
TRUSTED = "trusted"
BACKEND = "accounts.backends.PasswordBackend"


class SignInRefused(Exception):
    """The base of the refusals here."""


class WrongPassword(SignInRefused):
    """Address and password do not belong together; which of them is wrong nobody is told."""


class TooManyAttempts(SignInRefused):
    """This address has failed too often from this network."""


class PendingGone(SignInRefused):
    """The pending sign-in has expired, was completed, or its user's credentials have changed."""


def judge_password(request: HttpRequest, *, address: str, auth_secret: bytes, at: datetime) -> User:
    """The user of this address and auth secret; raises WrongPassword or TooManyAttempts."""
    address = addresses.normalise(address)
    network = client.network(client.address(request))
    try:
        allowances.claim(
            "password", f"{address}|{network}", limit=20, per=timedelta(minutes=15), at=at
        )
    except allowances.Spent:
        raise TooManyAttempts from None
    user = authenticate(request=request, username=address, auth_secret=auth_secret)
    if user is None:
        is_locked_out = bool(getattr(request, "axes_locked_out", False))
        raise TooManyAttempts if is_locked_out else WrongPassword
    return user


def check_password(request: HttpRequest, *, address: str, auth_secret: bytes, at: datetime) -> User:
    """`judge_password` for someone who signs in: a refusal is recorded and announced."""
    try:
        return judge_password(request, address=address, auth_secret=auth_secret, at=at)
    except SignInRefused as refusal:
        _record_refusal(request, addresses.normalise(address), refusal, at=at)
        raise


def begin(
    request: HttpRequest,
    user: User,
    *,
    amr: str,
    also: tuple[str, ...] = (),
    next_url: str,
    at: datetime,
) -> None:
    """Keep a proven first factor until the session can start; `also` are further amr words."""
    pending = PendingSignIn.objects.create(
        user=user,
        amr=[amr, *also],
        next_url=next_url,
        created_at=at,
        expires_at=at + PENDING_FOR,
    )
    # Whose it is stands in the session, which is signed: a row that somebody rewrites in the
    # database cannot let them in as somebody else.
    request.session[PENDING_KEY] = {
        "id": str(pending.id),
        "user_id": str(user.id),
        "credentials_version": user.credentials_version,
    }
    signals.sign_in_begun.send(sender=User, request=request, pending=pending, at=at)


def pending(request: HttpRequest, *, at: datetime) -> PendingSignIn:
    """This browser's pending sign-in; raises PendingGone."""
    kept = request.session.get(PENDING_KEY)
    if kept is None:
        raise PendingGone
    row = (
        PendingSignIn.objects.select_related("user")
        .filter(id=kept["id"], user_id=kept["user_id"], completed_at=None, expires_at__gt=at)
        .first()
    )
    if row is None or row.user.credentials_version != kept["credentials_version"]:
        raise PendingGone
    return row


def add_proof(request: HttpRequest, proof: factors.Proof, *, at: datetime) -> None:
    """Note a verified second factor; it is consumed when the session starts."""
    row = pending(request, at=at)
    row.proofs = [*row.proofs, proof.as_json()]
    row.save(update_fields=["proofs"])


def drop_proofs(request: HttpRequest, *, at: datetime) -> None:
    """Forget what was shown, as it can no longer be consumed: something else is shown instead."""
    row = pending(request, at=at)
    row.proofs = []
    row.save(update_fields=["proofs"])


def advance(request: HttpRequest, *, at: datetime) -> str:
    """Go on as far as possible. The answer is the URL of the next step, or of the way in."""
    row = pending(request, at=at)
    if not row.proofs and COMPLETE.isdisjoint(row.amr):
        enrolled = factors.enrolled(row.user)
        if enrolled and not _is_spared(request, row, enrolled, at=at):
            return resolve_url(enrolled[0].url_name)
    for check in factors.sign_in_checks():
        further_step = check(request, row, at=at)
        if further_step is not None:
            return further_step
    return _start(request, row, at=at)


def _is_spared(
    request: HttpRequest,
    row: PendingSignIn,
    enrolled: list[factors.SecondFactor],
    *,
    at: datetime,
) -> bool:
    """A trusted browser spares the code of an authenticator app, and nothing else."""
    if TRUSTED in row.amr:
        return True
    if not any(factor.name == "totp" for factor in enrolled):
        return False
    if not trusted.recognise(request, row.user, at=at):
        return False
    row.amr = [*row.amr, TRUSTED]
    row.save(update_fields=["amr"])
    return True


def _start(request: HttpRequest, row: PendingSignIn, *, at: datetime) -> str:
    proofs = [factors.Proof(**proof) for proof in row.proofs]
    amr = [*row.amr, *(proof.amr for proof in proofs)]
    old_key = request.session.session_key
    try:
        with transaction.atomic():
            _claim(row, at=at)
            _open_session(request, row.user, amr=amr, at=at)
            answers = signals.signed_in.send(
                sender=User, request=request, user=row.user, amr=amr, at=at
            )
            is_told = any(answer for _, answer in answers)
            _tell(request, row.user, amr=amr, is_told=is_told, at=at)
            for proof in proofs:
                factors.second_factor(proof.factor).consume(proof, at=at)
    except BaseException:
        # The database has the old row again; the object in memory must not claim otherwise.
        request.session, request.user = _store(old_key), AnonymousUser()
        raise
    return _way_in(row, amr)


def _claim(row: PendingSignIn, *, at: datetime) -> None:
    # Conditions of this row alone: with a join PostgreSQL would look for the row before it waits
    # for another's claim, and both would win.
    claimed = PendingSignIn.objects.filter(id=row.id, completed_at=None, expires_at__gt=at).update(
        completed_at=at
    )
    if claimed != 1 or not User.objects.filter(pk=row.user.pk, is_active=True).exists():
        raise PendingGone


def _open_session(request: HttpRequest, user: User, *, amr: list[str], at: datetime) -> None:
    del request.session[PENDING_KEY]
    login(request, user, backend=BACKEND)
    policy.start_grace(user, at=at)
    request.session[factors.AMR] = amr
    request.session[factors.HAS_FACTOR] = factors.count(user) > 0 or factors.MFA in amr
    request.session["proven_at"] = at.timestamp()
    session_key.make(request.session, user.id)
    request.session.save()


def _tell(request: HttpRequest, user: User, *, amr: list[str], is_told: bool, at: datetime) -> None:
    """Record it, and tell the user of a new place or browser, unless they were told of more."""
    address, browser = client.address(request), client.browser(request)
    is_familiar = audit.has_seen(user.id, events.SESSION_STARTED, address=address, browser=browser)
    audit.record(events.SESSION_STARTED, user=user.id, facts={"amr": " ".join(amr)}, at=at)
    if not (is_familiar or is_told):
        notifications.notify(
            user, "new_sign_in", params={"address": address, "browser": browser}, at=at
        )


def _way_in(row: PendingSignIn, amr: list[str]) -> str:
    if factors.RECOVERY in amr:
        # Somebody has lost a factor: the page that adds one comes first.
        return resolve_url("accounts:enrol")
    # Whoever came without the password cannot make its slot, and a passkey may have its own.
    if "pwd" not in amr or keyslots.opens_with(row.user.id, salt=row.user.salt):
        return row.next_url
    return resolve_url("accounts:vault-key")


def _store(session_key: str | None) -> SessionBase:
    store: SessionBase = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    return store


def _record_refusal(
    request: HttpRequest, address: str, refusal: SignInRefused, *, at: datetime
) -> None:
    user = User.objects.filter(email=address).first()
    reason = "too many attempts" if isinstance(refusal, TooManyAttempts) else "wrong password"
    audit.record(
        events.SESSION_START_REFUSED,
        user=user.id if user else None,
        # Whom it was tried with is known by the id; the words are kept for strangers only.
        details={} if user else {"address_typed": address},
        facts={"reason": reason},
        at=at,
    )
    signals.sign_in_failed.send(
        sender=User, request=request, address=address, stage="password", at=at
    )

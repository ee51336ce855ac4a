"""The seams of signing in: second factors and checks that other apps plug in.

`settings.SECOND_FACTORS` and `settings.SIGN_IN_CHECKS` hold dotted paths of objects of the two
protocols below. A factor proves something in two phases: its own page *verifies* what the user
presents and hands the proof to `signin.add_proof`; the proof is *consumed* inside the transaction
that starts the session, last of all, so that a sign-in refused later burns nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils.module_loading import import_string

from accounts import signals
from audit import events
from audit import services as audit
from core import allowances, client
from notifications import services as notifications

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from accounts.models import PendingSignIn, User

HAS_FACTOR = "has_factor"
AMR = "amr"
MFA = "mfa"
RECOVERY = "recovery"
# What counts as a real second factor; a trusted browser only spares the question for one.
FACTOR_AMR = frozenset({"otp", "passkey", MFA})
PER_USER = 10
PER_NETWORK = 5


class ProofRefused(Exception):
    """A proof that was good when verified can no longer be consumed."""


@dataclass(frozen=True, slots=True)
class Proof:
    """`factor` names a SecondFactor, `reference` is for its `consume`, `amr` is of RFC 8176."""

    factor: str
    reference: str
    amr: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)


class SecondFactor(Protocol):
    """`url_name` is the page of a pending sign-in, `confirm_url_name` that of confirm-it's-you.

    `enrol_url_name` is where a signed-in person adds one, or "" when it cannot be added by itself.
    `reset_url_name` is the page that presents it to reset a forgotten password, or "" for none.
    """

    name: str
    title: StrOrPromise
    url_name: str
    confirm_url_name: str
    enrol_url_name: str
    reset_url_name: str

    def is_enrolled(self, user: User) -> bool: ...

    def count(self, user: User) -> int:
        """How many of this kind the user has, as far as they protect by themselves."""

    def consume(self, proof: Proof, *, at: datetime) -> None:
        """Burn what was verified; raises ProofRefused."""


class SignInCheck(Protocol):
    def __call__(self, request: HttpRequest, pending: PendingSignIn, *, at: datetime) -> str | None:
        """None to let the sign-in pass, or the URL of a further step."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to prove oneself, for a page that offers several."""

    title: StrOrPromise
    url: str


def second_factors() -> list[SecondFactor]:
    return [import_string(path) for path in settings.SECOND_FACTORS]


def second_factor(name: str) -> SecondFactor:
    return next(factor for factor in second_factors() if factor.name == name)


def sign_in_checks() -> list[SignInCheck]:
    return [import_string(path) for path in settings.SIGN_IN_CHECKS]


def enrolled(user: User) -> list[SecondFactor]:
    """The user's factors, the preferred one first."""
    return [factor for factor in second_factors() if factor.is_enrolled(user)]


def count(user: User) -> int:
    return sum(factor.count(user) for factor in second_factors())


def other_ways(user: User, *, but: str) -> list[Way]:
    """What a pending sign-in may present instead of the factor called `but`."""
    # Not asked after at all, so that its page does the same work whether the user has it or not.
    others = (factor for factor in second_factors() if factor.name != but)
    return [Way(f.title, resolve_url(f.url_name)) for f in others if f.is_enrolled(user)]


def enrolment_ways() -> Iterator[Way]:
    for factor in second_factors():
        if factor.enrol_url_name:
            yield Way(factor.title, resolve_url(factor.enrol_url_name))


def is_proven(request: HttpRequest) -> bool:
    """Whether this session has shown a real second factor."""
    return not FACTOR_AMR.isdisjoint(request.session.get(AMR, []))


def is_restricted(request: HttpRequest) -> bool:
    """Whether this session sees codes only; what reveals, exports or changes factors is closed."""
    return owes_factor(request) or is_resting(request)


def owes_factor(request: HttpRequest) -> bool:
    """Whether it came in by a backup sign-in code and has shown no real factor since."""
    return RECOVERY in request.session.get(AMR, []) and not is_proven(request)


def is_resting(request: HttpRequest) -> bool:
    """Whether the password was reset within a day, and neither then nor since a factor was shown.

    Who reads somebody's mail has perhaps waited for a day. Now the owner has one more, until
    secrets can be carried away and factors changed.
    """
    return bool(getattr(request.user, "is_resting", False)) and not is_proven(request)


def claim_attempt(request: HttpRequest, user: User, *, at: datetime) -> None:
    """Count an attempt with something that can be guessed; raises allowances.Spent.

    Called before anything is compared. The ceiling per user holds over all networks; passkeys and
    trusted browsers stay open to the owner.
    """
    network = client.network(client.address(request))
    allowances.claim(
        "factor from network",
        f"{user.pk}|{network}",
        limit=PER_NETWORK,
        per=timedelta(minutes=15),
        at=at,
    )
    allowances.claim("factor", str(user.pk), limit=PER_USER, per=timedelta(hours=1), at=at)


def report_failure(
    request: HttpRequest,
    user: User,
    *,
    factor: str,
    event: str = events.FACTOR_REFUSED,
    reason: str = "",
    at: datetime,
) -> None:
    """Record a factor that was refused, for the audit log, lock-out and whoever listens."""
    facts = {"factor": factor} | ({"reason": reason} if reason else {})
    audit.record(event, user=user.pk, facts=facts, at=at)
    user_login_failed.send(
        sender=__name__, credentials={"username": user.email, "factor": factor}, request=request
    )
    signals.sign_in_failed.send(
        sender=type(user), request=request, address=user.email, stage=factor, at=at
    )


def announce_enrolled(
    request: HttpRequest, user: User, *, factor: str, amr: str, at: datetime
) -> str:
    """Record and announce a new factor, in its transaction. The answer is the URL to go on with."""
    is_first = count(user) <= 1
    audit.record(events.FACTOR_ENROLLED, user=user.pk, facts={"factor": factor}, at=at)
    notifications.notify(user, "factor_enrolled", params={"factor": factor}, at=at)
    signals.second_factor_enrolled.send(
        sender=type(user), request=request, user=user, factor=factor, at=at
    )
    request.session[HAS_FACTOR] = True
    request.session[AMR] = [*request.session.get(AMR, []), amr]
    return resolve_url(settings.AFTER_FIRST_FACTOR_URL if is_first else "accounts:security")


def announce_removed(request: HttpRequest, user: User, *, factor: str, at: datetime) -> None:
    """Record and announce that a factor is gone, in its transaction; other sessions end."""
    audit.record(events.FACTOR_REMOVED, user=user.pk, facts={"factor": factor}, at=at)
    notifications.notify(user, "factor_removed", params={"factor": factor}, at=at)
    signals.credentials_changed.send(
        sender=type(user), user_id=user.pk, but=request.session.session_key, at=at
    )
    request.session[HAS_FACTOR] = count(user) > 0

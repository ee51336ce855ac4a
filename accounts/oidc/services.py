"""Single sign-on: what a verified statement of the provider means here.

It opens the account that its issuer and subject are linked to, and nothing else. An address links
nothing: whoever may write addresses at the provider could otherwise open anybody's vault.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from accounts import addresses, confirmation, factors, signals, signin
from accounts.models import OidcRequest, User
from accounts.oidc import groups, identities, requests, tokens
from accounts.oidc.refusals import (
    AccountClosed,
    AddressNotVerified,
    AddressTaken,
    LinkedElsewhere,
    NotFresh,
    OidcRefused,
    OnlyWayIn,
    OtherPerson,
    Unknown,
)
from audit import events
from audit import services as audit
from notifications import services as notifications

FRESH_FOR = timedelta(minutes=5)
OIDC = "oidc"


def sign_in(request: HttpRequest, claims: dict[str, Any], *, next_url: str, at: datetime) -> str:
    """Enter the sign-in with a proven first factor; the answer is the URL of the next step."""
    user = identities.owner_of(claims["sub"]) or _make_user(claims, at=at)
    if not user.is_active:
        raise AccountClosed
    identities.of_user(user).update(last_used_at=at)
    groups.keep_in_step(user, claims, at=at)
    also = (factors.MFA,) if _has_trusted_factor(claims) else ()
    signin.begin(request, user, amr=OIDC, also=also, next_url=next_url, at=at)
    return signin.advance(request, at=at)


def link(user: User, claims: dict[str, Any], *, at: datetime) -> None:
    """Link the signed-in user to this person of the provider; raises LinkedElsewhere."""
    with transaction.atomic():
        linked = identities.of_user(User.objects.select_for_update().get(pk=user.pk)).first()
        if linked and linked.subject_hash == identities.hash_of(claims["sub"]):
            return
        if linked or identities.owner_of(claims["sub"]):
            raise LinkedElsewhere
        try:
            with transaction.atomic():
                identities.make(user, claims["sub"], at=at)
        except IntegrityError:
            raise LinkedElsewhere from None
        _tell(user, events.IDENTITY_LINKED, "identity_linked", at=at)


def unlink(request: HttpRequest, user: User, *, at: datetime) -> None:
    """Take the link away and end the user's other sessions; raises OnlyWayIn."""
    if settings.OIDC_ONLY or not user.has_usable_password():
        raise OnlyWayIn
    with transaction.atomic():
        gone, _ = identities.of_user(user).delete()
        if gone:
            _tell(user, events.IDENTITY_UNLINKED, "identity_unlinked", at=at)
            signals.credentials_changed.send(
                sender=User, user_id=user.pk, but=request.session.session_key, at=at
            )


def confirm(request: HttpRequest, user: User, claims: dict[str, Any], *, at: datetime) -> None:
    """Confirm-it's-you by the provider, which must have asked just now; raises OidcRefused."""
    owner = identities.owner_of(claims["sub"])
    if owner is None or owner.pk != user.pk:
        raise OtherPerson
    asked_at = tokens.number(claims, "auth_time")
    age = at.timestamp() - asked_at if asked_at is not None else None
    if age is None or not -tokens.LEEWAY.total_seconds() <= age < FRESH_FOR.total_seconds():
        raise NotFresh
    # It may have got a factor or a password since the question was put.
    if not identities.confirms_by_provider(user):
        raise NotFresh
    confirmation.record(request, user, amr=OIDC, at=at)


def finish(request: HttpRequest, row: OidcRequest, *, at: datetime) -> str:
    """Do what a claimed request was made for; the answer is where to go on. Raises OidcRefused."""
    claims = requests.answer(request, row, at=at)
    if row.purpose == requests.SIGN_IN:
        return sign_in(request, claims, next_url=row.next_url, at=at)
    # Such a request is claimed by the session of its own user only.
    user = cast(User, request.user)
    if row.purpose == requests.LINK:
        link(user, claims, at=at)
    else:
        confirm(request, user, claims, at=at)
    return row.next_url


def report_refusal(
    request: HttpRequest, purpose: str, refusal: OidcRefused, *, at: datetime
) -> None:
    """Record a refusal, for the audit log and whoever listens."""
    event = {
        requests.LINK: events.IDENTITY_REFUSED,
        requests.CONFIRM: events.CONFIRM_REFUSED,
    }.get(purpose, events.SESSION_START_REFUSED)
    user_id = request.user.pk if request.user.is_authenticated else None
    audit.record(event, user=user_id, facts={"reason": refusal.reason, "way": OIDC}, at=at)
    if event == events.SESSION_START_REFUSED:
        signals.sign_in_failed.send(sender=User, request=request, address="", stage=OIDC, at=at)


def section(user: User) -> dict[str, object]:
    """What the security page shows."""
    if not identities.is_configured():
        return {"oidc_name": ""}
    return {
        "oidc_name": settings.OIDC_NAME,
        "oidc_identity": identities.of_user(user).first(),
        "oidc_can_unlink": user.has_usable_password() and not settings.OIDC_ONLY,
    }


def _make_user(claims: dict[str, Any], *, at: datetime) -> User:
    if not settings.OIDC_CREATES_USERS:
        raise Unknown
    name = claims.get("name")
    user = User(
        email=_verified_address(claims),
        display_name=name[:80] if isinstance(name, str) and name.isprintable() else "",
        created_at=at,
    )
    user.set_unusable_password()
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            identities.make(user, claims["sub"], at=at)
            audit.record(events.ACCOUNT_CREATED, user=user.pk, facts={"origin": OIDC}, at=at)
            notifications.notify(user, "account_created", at=at)
            signals.address_proven.send(sender=User, user_id=user.pk, email=user.email, at=at)
    except IntegrityError:
        # The address, in any spelling, or the same person in another window.
        raise AddressTaken from None
    return user


def _verified_address(claims: dict[str, Any]) -> str:
    address = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(address, str):
        raise AddressNotVerified
    address = addresses.normalise(address)
    try:
        validate_email(address)
    except ValidationError:
        raise AddressNotVerified from None
    if len(address) > 254:
        raise AddressNotVerified
    return address


def _has_trusted_factor(claims: dict[str, Any]) -> bool:
    stated = tokens.words(claims, "amr") | tokens.words(claims, "acr")
    return not stated.isdisjoint(settings.OIDC_TRUSTED_AMR)


def _tell(user: User, event: str, kind: str, *, at: datetime) -> None:
    words = {"provider": settings.OIDC_NAME}
    audit.record(event, user=user.pk, details=words, at=at)
    notifications.notify(user, kind, params=words, at=at)

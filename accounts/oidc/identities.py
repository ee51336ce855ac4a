from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet

from accounts import factors
from accounts.models import OidcIdentity, User
from accounts.oidc.refusals import LinkDamaged
from core import lasting, sealing


def is_configured() -> bool:
    return bool(settings.OIDC_ISSUER)


def of_user(user: User) -> QuerySet[OidcIdentity]:
    """The user's links to the configured provider: one, or none."""
    return OidcIdentity.objects.filter(user=user, issuer=settings.OIDC_ISSUER)


def owner_of(subject: str) -> User | None:
    """Whom this person of the provider is linked to; an address never decides that.

    Raises LinkDamaged for a row that was not written by this site for this very user.
    """
    identity = (
        OidcIdentity.objects.select_related("user")
        .filter(issuer=settings.OIDC_ISSUER, subject_hash=hash_of(subject))
        .first()
    )
    if identity is None:
        return None
    try:
        sealed = sealing.open_field(identity, "sealed_subject")
    except sealing.SealingError:
        raise LinkDamaged from None
    if sealed != subject.encode():
        raise LinkDamaged
    return identity.user


def make(user: User, subject: str, *, at: datetime) -> OidcIdentity:
    """Keep that this person of the provider is this user; the caller has checked who may."""
    identity = OidcIdentity(
        user=user,
        issuer=settings.OIDC_ISSUER,
        subject_hash=hash_of(subject),
        created_at=at,
    )
    sealing.seal_field(identity, "sealed_subject", subject.encode())
    identity.save(force_insert=True)
    return identity


def hash_of(subject: str) -> str:
    """By what a subject is found. Keyed: some providers use addresses, which could be guessed."""
    text = f"{settings.OIDC_ISSUER}\0{subject}".encode()
    return hmac.digest(lasting.key("oidc-subject"), text, hashlib.sha256).hex()


def confirms_by_provider(user: User) -> bool:
    """Whether the provider alone can prove the user again: no password here, and no factor."""
    return (
        is_configured()
        and not user.has_usable_password()
        and not factors.enrolled(user)
        and of_user(user).exists()
    )

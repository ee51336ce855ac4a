from __future__ import annotations

from django.conf import settings
from django.db.models import QuerySet

from accounts import factors
from accounts.models import OidcIdentity, User


def is_configured() -> bool:
    return bool(settings.OIDC_ISSUER)


def of_user(user: User) -> QuerySet[OidcIdentity]:
    """The user's links to the configured provider: one, or none."""
    return OidcIdentity.objects.filter(user=user, issuer=settings.OIDC_ISSUER)


def owner_of(subject: str) -> User | None:
    """Whom this person of the provider is linked to. An address never decides that."""
    identity = (
        OidcIdentity.objects.select_related("user")
        .filter(issuer=settings.OIDC_ISSUER, subject=subject)
        .first()
    )
    return identity.user if identity else None


def confirms_by_provider(user: User) -> bool:
    """Whether the provider alone can prove the user again: no password here, and no factor."""
    return (
        is_configured()
        and not user.has_usable_password()
        and not factors.enrolled(user)
        and of_user(user).exists()
    )

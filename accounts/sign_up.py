"""Making accounts: the set-up link, invitations and open sign-up are one kind of link."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts import addresses, links, operators, roles, signals
from accounts.credentials import NewCredentials
from accounts.models import SignUpToken, User
from audit import events
from audit import services as audit
from keyslots import services as keyslots
from notifications import services as notifications

SET_UP_FOR = timedelta(hours=24)
OPEN_SIGN_UP_FOR = timedelta(hours=2)


class SignUpRefused(Exception):
    """The base of the refusals here."""


class LinkNotValid(SignUpRefused):
    """The link was used, withdrawn, has expired, or never existed."""


class AddressTaken(SignUpRefused):
    """Somebody has an account with this address already."""


class SignUpClosed(SignUpRefused):
    """This site takes no new users that way."""


def has_operator() -> bool:
    return operators.active().exists()


def make_set_up_link(*, at: datetime) -> str:
    """A link for the first operator. An earlier set-up link stops working."""
    if has_operator():
        raise SignUpClosed
    with transaction.atomic():
        SignUpToken.open(at=at).filter(origin=SignUpToken.Origin.SET_UP).update(withdrawn_at=at)
        return _issue(
            SignUpToken(
                origin=SignUpToken.Origin.SET_UP, makes_operator=True, expires_at=at + SET_UP_FOR
            ),
            at=at,
        )


def invite(
    *, email: str, invited_by: User | None, makes_operator: bool = False, at: datetime
) -> str:
    """A link for one person, mailed if mail is configured; raises AddressTaken or SignUpClosed."""
    email = addresses.normalise(email)
    if settings.SIGN_UP == "closed":
        raise SignUpClosed
    if User.objects.filter(email=email).exists():
        raise AddressTaken
    token = SignUpToken(
        origin=SignUpToken.Origin.INVITATION,
        email=email,
        makes_operator=makes_operator,
        invited_by=invited_by,
        expires_at=at + settings.INVITATION_LIFETIME,
    )
    with transaction.atomic():
        SignUpToken.open(at=at).filter(email=email).update(withdrawn_at=at)
        link = _issue(token, at=at)
        inviter = invited_by.get_full_name() if invited_by else ""
        _mail(email, "invitation", link=link, token=token, at=at, inviter=inviter)
        audit.record(
            events.INVITATION_CREATED,
            user=invited_by.id if invited_by else None,
            details={"email": email},
            facts={"makes_operator": makes_operator},
            at=at,
        )
    return link


def withdraw(token_id: UUID, *, by: User, at: datetime) -> None:
    """Make an invitation's link useless; raises LinkNotValid if it is so already."""
    with transaction.atomic():
        if SignUpToken.open(at=at).filter(id=token_id).update(withdrawn_at=at) != 1:
            raise LinkNotValid
        audit.record(events.INVITATION_WITHDRAWN, user=by.id, at=at)


def request_open_sign_up(*, email: str, at: datetime) -> None:
    """Mail a sign-up link, or tell the owner of a known address; the caller sees no difference."""
    if settings.SIGN_UP != "open" or not settings.MAIL_IS_CONFIGURED:
        raise SignUpClosed
    email = addresses.normalise(email)
    is_known = User.objects.filter(email=email).exists()
    # A known address gets a link that was never open: the same rows are written for both.
    lifetime = timedelta(0) if is_known else OPEN_SIGN_UP_FOR
    token = SignUpToken(origin=SignUpToken.Origin.OPEN, email=email, expires_at=at + lifetime)
    with transaction.atomic():
        link = _issue(token, at=at)
        template = "sign_up_known_address" if is_known else "sign_up"
        _mail(email, template, link="" if is_known else link, token=token, at=at)
        audit.record(events.SIGN_UP_REQUESTED, details={"email": email}, at=at)


def find(token: str, *, at: datetime) -> SignUpToken:
    """The open link with this token; raises LinkNotValid."""
    row = SignUpToken.open(at=at).filter(token_hash=_hash(token)).first()
    if row is None:
        raise LinkNotValid
    return row


def complete(
    token_id: UUID, *, email: str, display_name: str, new: NewCredentials, at: datetime
) -> User:
    """Make the account of a link, with its vault key; raises SignUpRefused or SlotRefused."""
    with transaction.atomic():
        if SignUpToken.open(at=at).filter(id=token_id).update(used_at=at) != 1:
            raise LinkNotValid
        token = SignUpToken.objects.select_related("invited_by").get(id=token_id)
        if token.origin == SignUpToken.Origin.SET_UP and has_operator():
            raise LinkNotValid
        user = _make_user(token, email=email, display_name=display_name, new=new, at=at)
        keyslots.start_vault_key(user.id, new.slot, at=at)
        audit.record(events.ACCOUNT_CREATED, user=user.id, facts={"origin": token.origin}, at=at)
        if token.origin == SignUpToken.Origin.OPEN:
            # Of an invitation the operator has seen the link as well; that proves no mailbox.
            signals.address_proven.send(sender=User, user_id=user.id, email=user.email, at=at)
        notifications.notify(user, "account_created", at=at)
        if token.invited_by:
            audit.record(events.INVITATION_USED, user=token.invited_by.id, at=at)
            notifications.notify(
                token.invited_by, "invitation_accepted", params={"email": user.email}, at=at
            )
    return user


def _make_user(
    token: SignUpToken, *, email: str, display_name: str, new: NewCredentials, at: datetime
) -> User:
    user = User(
        id=token.user_id,
        email=token.email or addresses.normalise(email),
        display_name=display_name,
        is_staff=token.makes_operator,
        is_superuser=token.makes_operator,
        created_at=at,
    )
    user.set_auth_secret(new.auth_secret, salt=new.slot.salt, iterations=new.slot.iterations)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            roles.join(user, roles.OPERATOR if token.makes_operator else roles.NONE)
    except IntegrityError:
        raise AddressTaken from None
    return user


def _issue(row: SignUpToken, *, at: datetime) -> str:
    token = secrets.token_urlsafe(32)
    row.token_hash, row.created_at = _hash(token), at
    row.save()
    return links.absolute("accounts:sign-up", token=token)


def _mail(
    email: str, template: str, *, link: str, token: SignUpToken, at: datetime, **words: str
) -> None:
    if settings.MAIL_IS_CONFIGURED:
        context = {"link": link, "expires_at": token.expires_at.isoformat(), **words}
        notifications.send_mail(email, template, context, at=at)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

"""Personal tokens: made, shown once, recognised, and ended.

A token is 256 random bits, so that a plain SHA-256 of it says nothing; with the hash it is found,
and never by its prefix. It is another way in besides password and factors, and therefore ends with
them: whoever changes a password or removes a factor wants everybody else out.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.models import User
from api.models import ApiToken, ApiTokenQuerySet
from audit import events
from audit import services as audit
from core import allowances
from notifications import services as notifications

START = "anode_"
# What is kept readable: enough to tell one's tokens apart, 30 of 286 bits.
SHOWN = len(START) + 5
MOST_PER_USER = 20
LONGEST_LIFE = timedelta(days=365)
KEPT_AFTER_END = timedelta(days=30)
# Between two writes of "last used".
USE_THROTTLE = timedelta(minutes=5)
# Codes read with a token are recorded once in this time, or a script would fill the log.
CODES_THROTTLE = timedelta(hours=1)
REFUSALS_KEPT = 10
Reason = ApiToken.EndReason


class TokenProblem(Exception):
    """The base of the refusals here."""


class TooManyTokens(TokenProblem):
    """The user has as many as somebody may have."""


class MadeAlready(TokenProblem):
    """The form was sent twice: the token is there, and is not shown again."""


class TokenNotValid(TokenProblem):
    """No such token, or it has ended or expired, or its user is switched off."""


class OtherAddress(TokenProblem):
    """The token works from other addresses only."""


@dataclass(frozen=True, slots=True)
class Made:
    """A new token and what it reads, for the one page that shows it."""

    row: ApiToken
    token: str = field(repr=False)


def make(
    user: User,
    *,
    token_id: UUID,
    name: str,
    scopes: Sequence[str],
    networks: Sequence[str],
    lifetime: timedelta,
    at: datetime,
) -> Made:
    """Make a token; raises TooManyTokens or MadeAlready. The caller has confirmed who asks."""
    token = START + secrets.token_urlsafe(32)
    row = ApiToken(
        id=token_id,
        user=user,
        name=name,
        prefix=token[:SHOWN],
        token_hash=hash_of(token),
        scopes=list(scopes),
        networks=list(networks),
        created_at=at,
        expires_at=at + min(lifetime, LONGEST_LIFE),
    )
    with transaction.atomic():
        # One at a time, or two at once would both be the twentieth.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if ApiToken.objects.filter(pk=token_id).exists():
            raise MadeAlready
        if ApiToken.objects.for_owner(user).live(at=at).count() >= MOST_PER_USER:
            raise TooManyTokens
        _insert(row)
        words = {"token": name}
        facts = {"scopes": " ".join(row.scopes)}
        audit.record(events.TOKEN_MADE, user=user.pk, details=words, facts=facts, at=at)
        notifications.notify(user, "api_token_made", params=words, at=at)
    return Made(row, token)


def recognise(shown: str, *, address: str, at: datetime) -> ApiToken:
    """The live token that was shown, with its user; raises TokenNotValid or OtherAddress."""
    row = ApiToken.objects.select_related("user").filter(token_hash=hash_of(shown)).first()
    if row is None:
        raise TokenNotValid
    if row.ended_at is None and not row.user.is_active:
        end_all(row.user_id, Reason.ACCOUNT_CLOSED, at=at)
    if row.ended_at is not None or row.expires_at <= at or not row.user.is_active:
        _record_refusal(row, "token over", at=at)
        raise TokenNotValid
    if not is_allowed_from(row, address):
        _record_refusal(row, "other address", at=at)
        raise OtherAddress
    return row


def is_allowed_from(row: ApiToken, address: str) -> bool:
    here = ipaddress.ip_address(address)
    return not row.networks or any(here in ipaddress.ip_network(net) for net in row.networks)


def note_use(row: ApiToken, *, address: str, browser: str, at: datetime) -> None:
    """Keep when and from where it was used; a new address is recorded."""
    is_recent = row.last_used_at is not None and at - row.last_used_at < USE_THROTTLE
    if is_recent and row.last_used_address == address:
        return
    long_ago = Q(last_used_at=None) | Q(last_used_at__lte=at - USE_THROTTLE)
    due = ApiToken.objects.filter(long_ago | ~Q(last_used_address=address), pk=row.pk)
    if due.update(last_used_at=at, last_used_address=address) != 1:
        return
    if not audit.has_seen(row.user_id, events.TOKEN_USED, address=address, browser=browser):
        audit.record(events.TOKEN_USED, user=row.user_id, details={"token": row.name}, at=at)


def note_codes(row: ApiToken, *, at: datetime) -> None:
    """Record that codes were read with it, once an hour at most."""
    if row.codes_recorded_at is not None and at - row.codes_recorded_at < CODES_THROTTLE:
        return
    long_ago = Q(codes_recorded_at=None) | Q(codes_recorded_at__lte=at - CODES_THROTTLE)
    with transaction.atomic():
        if ApiToken.objects.filter(long_ago, pk=row.pk).update(codes_recorded_at=at) == 1:
            words = {"token": row.name}
            audit.record(events.TOKEN_READ_CODES, user=row.user_id, details=words, at=at)


def end(user: User, token_id: UUID, *, at: datetime) -> ApiToken | None:
    """End one of one's own tokens; None when it has ended already or is none of theirs."""
    with transaction.atomic():
        own = ApiToken.objects.for_owner(user).filter(pk=token_id)
        ended = _end(own, Reason.BY_USER, at=at)
    return ended[0] if ended else None


def end_all(user_id: UUID, reason: str, *, at: datetime) -> int:
    """End all tokens of a user, who is told; the answer is their number."""
    with transaction.atomic():
        ended = _end(ApiToken.objects.filter(user_id=user_id, expires_at__gt=at), reason, at=at)
        if ended:
            user = User.objects.get(pk=user_id)
            words = {"count": str(len(ended)), "address": "", "browser": ""}
            notifications.notify(user, "api_tokens_ended", params=words, at=at)
    return len(ended)


def forget_ended(*, at: datetime) -> int:
    """Delete the tokens that ended or expired a month ago; the answer is their number."""
    past = Q(ended_at__lt=at - KEPT_AFTER_END) | Q(expires_at__lt=at - KEPT_AFTER_END)
    return ApiToken.objects.filter(past).delete()[0]


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _insert(row: ApiToken) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise MadeAlready from None


def _end(rows: ApiTokenQuerySet, reason: str, *, at: datetime) -> list[ApiToken]:
    ended = []
    for row in rows.filter(ended_at=None).select_related("user"):
        # Conditions of the row alone: of two that end it at once, one records it.
        own = ApiToken.objects.filter(pk=row.pk, ended_at=None)
        if own.update(ended_at=at, ended_reason=reason) == 1:
            words, facts = {"token": row.name}, {"reason": str(reason)}
            audit.record(events.TOKEN_ENDED, user=row.user_id, details=words, facts=facts, at=at)
            ended.append(row)
    return ended


def _record_refusal(row: ApiToken, reason: str, *, at: datetime) -> None:
    try:
        allowances.claim(
            "token refusals", str(row.pk), limit=REFUSALS_KEPT, per=timedelta(hours=1), at=at
        )
    except allowances.Spent:
        return
    words, facts = {"token": row.name}, {"reason": reason}
    audit.record(events.TOKEN_REFUSED, user=row.user_id, details=words, facts=facts, at=at)

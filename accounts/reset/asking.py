"""Asking for a link that resets a forgotten password.

The page never looks whether anybody has the address: it keeps the address in a job, sealed, and
answers. What the request writes, says and takes is therefore one and the same for everybody. The
job then mails the link, or finds nobody and ends; it has no one to tell a difference to.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import addresses, factors, links
from accounts.models import PasswordReset, User
from accounts.oidc import policy as sso
from audit import events
from audit import services as audit
from core import allowances
from jobs import services as jobs
from notifications import services as notifications

JOB = "password-reset"
LINK_FOR = timedelta(hours=1)
WAIT = timedelta(hours=24)
MAILS_PER_ADDRESS = 3


class NoMail(Exception):
    """This site sends no mail, so that no link can be asked for."""


def ask(*, email: str, address: str, browser: str, at: datetime) -> None:
    """Have a link mailed to whoever has this e-mail address; raises NoMail or allowances.Spent.

    `address` and `browser` tell the owner where the question came from.
    """
    if not settings.MAIL_IS_CONFIGURED:
        raise NoMail
    email = addresses.normalise(email)
    allowances.claim("reset mail", email, limit=MAILS_PER_ADDRESS, per=timedelta(hours=1), at=at)
    question = {"email": email, "address": address, "browser": browser}
    with transaction.atomic():
        jobs.enqueue(JOB, subject=uuid4(), secret=json.dumps(question).encode(), at=at)
        audit.record(events.RESET_REQUESTED, at=at)


def answer(run: jobs.Run) -> None:
    """The handler of the job: mail the link, if somebody has the address."""
    question = json.loads(run.secret())
    user = User.objects.filter(email=question["email"], is_active=True).first()
    if user is not None and is_for(user):
        issue(user, where=question, at=timezone.now())


def is_for(user: User) -> bool:
    """Whether a link may give this person a new password.

    Who signs in through a provider has no password to forget, and gets none by mail.
    """
    return user.is_active and user.has_usable_password() and sso.may_have_password(user)


def issue(user: User, *, where: dict[str, str], at: datetime) -> None:
    """Mail a link in place of earlier ones; without a second factor it works a day later."""
    token = secrets.token_urlsafe(32)
    origin = {name: where[name] for name in ("address", "browser")}
    with transaction.atomic():
        # Two questions at once must not leave two open links.
        user = User.objects.select_for_update().get(pk=user.pk)
        row = _row(user, token, at=at)
        User.objects.filter(pk=user.pk).update(reset_open_until=row.expires_at)
        words = {
            **origin,
            "link": links.absolute("accounts:reset", token=token),
            "expires_at": row.expires_at.isoformat(),
            "usable_from": "" if row.counts_on_a_factor else row.usable_from.isoformat(),
        }
        notifications.send_mail(user.email, "password_reset", words, user=user, at=at)
        audit.record(events.RESET_MAILED, user=user.id, at=at)
        if not row.counts_on_a_factor:
            told = {**origin, "usable_from": row.usable_from.isoformat()}
            notifications.notify(user, "password_reset_requested", params=told, at=at)


def withdraw_all(user_id: UUID, *, at: datetime) -> None:
    """Make a user's open links useless: what they would undo was done meanwhile."""
    User.objects.filter(pk=user_id).update(reset_open_until=None)
    PasswordReset.open(at=at).filter(user_id=user_id).update(expires_at=at)


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _row(user: User, token: str, *, at: datetime) -> PasswordReset:
    has_factor = bool(factors.enrolled(user))
    waiting = [row for row in PasswordReset.open(at=at).filter(user=user) if _waits(row)]
    if waiting and not has_factor:
        # Who asks again waits no longer than before: otherwise anybody could ask every day, and
        # keep the owner out for ever. The first link ends with its token.
        row = waiting[0]
        row.token_hash = hash_of(token)
        row.expires_at = max(row.usable_from, at) + LINK_FOR
        row.save(update_fields=["token_hash", "expires_at"])
        return row
    withdraw_all(user.pk, at=at)
    usable_from = at if has_factor else at + WAIT
    return PasswordReset.objects.create(
        user=user,
        token_hash=hash_of(token),
        created_at=at,
        usable_from=usable_from,
        expires_at=usable_from + LINK_FOR,
    )


def _waits(row: PasswordReset) -> bool:
    return not row.counts_on_a_factor

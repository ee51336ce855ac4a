"""Eight digits by mail: the last of the further proofs, and how an address is proven.

A code is for one subject (a pending sign-in, or the user who proves the address) in one browser,
for ten minutes and five tries. It is sent to a proven address only. The database holds its HMAC.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F

from accounts.models import User
from anomalies.models import MailedCode, ProvenAddress
from anomalies.recording import PURPOSE
from audit import events
from audit import services as audit
from core import allowances, lasting
from notifications import services as notifications

MAIL = "mail"
DIGITS = 8
TRIES = 5
LASTS = timedelta(minutes=10)
MAILS_PER_HOUR = 5


class CodeRefused(Exception):
    """Not the code that was sent, or it is used up, too old, or of another browser."""


def can_mail(user: User) -> bool:
    """Whether a code may be sent: mail is configured and the present address is proven."""
    return bool(settings.MAIL_IS_CONFIGURED) and is_proven(user)


def is_proven(user: User) -> bool:
    return ProvenAddress.objects.filter(user=user, email=user.email).exists()


def note_proven(user_id: UUID, email: str, *, at: datetime) -> None:
    """The user has read a mail at this address."""
    ProvenAddress.objects.update_or_create(
        user_id=user_id, defaults={"email": email, "proven_at": at}
    )


def send(user: User, *, subject: UUID, browser_key: str, at: datetime) -> None:
    """Mail a new code, which ends those sent before; raises allowances.Spent."""
    allowances.claim(
        "sign-in code mail", str(user.pk), limit=MAILS_PER_HOUR, per=timedelta(hours=1), at=at
    )
    code = "".join(secrets.choice("0123456789") for _ in range(DIGITS))
    row = MailedCode(
        user=user,
        subject=subject,
        browser_key=browser_key,
        email=user.email,
        sent_at=at,
        expires_at=at + LASTS,
        tries_left=TRIES,
    )
    row.code_hash = _hash(row, code)
    with transaction.atomic():
        waiting = MailedCode.objects.filter(subject=subject, used_at=None, expires_at__gt=at)
        waiting.update(expires_at=at)
        row.save(force_insert=True)
        words = {"code": f"{code[:4]} {code[4:]}", "expires_at": row.expires_at.isoformat()}
        notifications.send_mail(user.email, "sign_in_code", words, user=user, at=at)
        audit.record(events.SIGN_IN_CODE_SENT, user=user.pk, at=at)


def waiting(subject: UUID, *, at: datetime) -> MailedCode | None:
    """The code that may still be typed."""
    rows = MailedCode.objects.filter(subject=subject, used_at=None, expires_at__gt=at)
    return rows.filter(tries_left__gt=0).first()


def redeem(user: User, *, subject: UUID, browser_key: str, typed: str, at: datetime) -> None:
    """Use the code up; raises CodeRefused. The try is taken before anything is compared."""
    row = waiting(subject, at=at)
    digits = "".join(typed.split())
    if row is None or row.user_id != user.pk or row.email != user.email:
        raise CodeRefused
    tried = MailedCode.objects.filter(pk=row.pk, tries_left__gt=0, used_at=None)
    if tried.update(tries_left=F("tries_left") - 1) != 1:
        raise CodeRefused
    is_here = hmac.compare_digest(row.browser_key, browser_key)
    is_right = hmac.compare_digest(row.code_hash, _hash(row, digits))
    if not (is_here and is_right):
        raise CodeRefused
    used = MailedCode.objects.filter(pk=row.pk, used_at=None, expires_at__gt=at)
    if used.update(used_at=at) != 1:
        raise CodeRefused


def is_shown(pending_id: UUID) -> bool:
    """Whether this pending sign-in has shown its code."""
    return MailedCode.objects.filter(subject=pending_id, used_at__isnull=False).exists()


def _hash(row: MailedCode, code: str) -> str:
    text = f"{row.id}|{row.subject}|{code}".encode()
    return hmac.digest(lasting.key(PURPOSE), text, "sha256").hex()

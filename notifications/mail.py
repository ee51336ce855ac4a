"""Delivering a mail: the handler of the jobs of kind "mail"."""

from __future__ import annotations

import base64
import json
import smtplib
from datetime import datetime, timedelta
from email.mime.image import MIMEImage
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone

from audit import events
from audit import services as audit
from core import sealing
from jobs.services import GiveUp, Postpone, Run
from notifications.models import OutgoingMail

# Close together at first, as most failures pass; together about a day.
DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 360, 420))
ATTEMPTS = len(DELAYS) + 1
KEPT = timedelta(days=30)
AWAY = "mail_server_away"
REFUSED = "address_refused"


def deliver(run: Run) -> None:
    """Send the mail that is the job's subject, then wipe what was in it."""
    row = OutgoingMail.objects.filter(pk=run.subject).first()
    if row is None or not row.is_waiting:
        # Sent by an earlier attempt that did not come to say so.
        return
    try:
        _message(row).send()
    except smtplib.SMTPRecipientsRefused as error:
        if _is_final(error):
            raise GiveUp(REFUSED, "The mail server refused the address.") from None
        raise _postponed(run) from None
    except (OSError, smtplib.SMTPException):
        raise _postponed(run) from None
    _wipe(row, sent_at=timezone.now())
    OutgoingMail.forget_older_than(timezone.now() - KEPT)


def give_up(mail_id: UUID, *, reason: str, at: datetime) -> None:
    """Wipe a mail that cannot be delivered, and record that."""
    row = OutgoingMail.objects.filter(pk=mail_id).first()
    if row is None or not row.is_waiting:
        return
    with transaction.atomic():
        _wipe(row, failed_at=at)
        facts = {"kind": row.kind, "reason": reason}
        audit.record(events.MAIL_FAILED, user=row.user, facts=facts, at=at)


def _message(row: OutgoingMail) -> EmailMultiAlternatives:
    words = json.loads(sealing.open_field(row, "sealed_message"))
    message = EmailMultiAlternatives(
        subject=words["subject"],
        body=words["text"],
        to=[sealing.open_field(row, "sealed_recipient").decode()],
        headers={
            # The same at each attempt, so that a mail that is sent twice is shown once.
            "Message-ID": f"<{row.id}@{urlsplit(settings.SITE_URL).hostname}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(words["html"], "text/html")
    if words.get("picture"):
        _attach(message, base64.b64decode(words["picture"]))
    return message


def _attach(message: EmailMultiAlternatives, picture: bytes) -> None:
    """A picture that the page of the mail shows in its place (`cid:picture`)."""
    part = MIMEImage(picture, "png")
    part.add_header("Content-ID", "<picture>")
    part.add_header("Content-Disposition", "inline", filename="map.png")
    message.mixed_subtype = "related"  # type: ignore[attr-defined]  # the stubs lack it
    message.attach(part)


def _is_final(error: smtplib.SMTPRecipientsRefused) -> bool:
    return all(code >= 500 for code, _ in error.recipients.values())


def _postponed(run: Run) -> Postpone:
    delay = DELAYS[min(run.attempt, len(DELAYS)) - 1]
    return Postpone(delay, code=AWAY, sentence="The mail server could not be reached.")


def _wipe(row: OutgoingMail, **when: datetime) -> None:
    OutgoingMail.objects.filter(pk=row.pk).update(sealed_recipient="", sealed_message="", **when)

"""Telling people: the inbox and the mails, and what each of them wants to hear of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from audit import context as audit_context
from audit import events
from audit import services as audit
from core import sealing
from jobs import services as jobs
from notifications import hooks, kinds, mail, rendering
from notifications.models import Notification, NotificationPreference, OutgoingMail

# Views hand over `request.user`; the middleware lets nobody in who is not signed in.
Person = AbstractBaseUser | AnonymousUser


class BadAddress(Exception):
    """Not an address that mail can be sent to."""

    def __init__(self) -> None:
        super().__init__("This is not an e-mail address.")


@dataclass(frozen=True)
class Choice:
    """What somebody hears of a kind, and by which channel."""

    kind: kinds.Kind
    in_app: bool
    mail: bool
    hook: bool

    @property
    def is_mail_locked(self) -> bool:
        return self.kind.is_locked(kinds.MAIL)


def notify(
    user: AbstractBaseUser,
    kind: str,
    *,
    params: Mapping[str, str] | None = None,
    picture: str = "",
    at: datetime,
) -> None:
    """Tell a user, in the caller's transaction, by the channels they chose; raises UnknownKind.

    `picture` is the base64 of a PNG that the mail shows.
    """
    chosen = choice(user, kinds.get(kind))
    words = {name: str(word) for name, word in (params or {}).items()}
    origin = audit_context.current()
    # Where it came from, unless the caller knows better.
    words.setdefault("address", origin.address)
    words.setdefault("browser", origin.browser)
    with transaction.atomic():
        if chosen.in_app:
            Notification.objects.create(user_id=user.pk, kind=kind, params=words, created_at=at)
        if chosen.mail:
            context = {**words, "at": at}
            send_mail(user.email, kind, context, picture=picture, user=user, at=at)  # type: ignore[attr-defined]
        if chosen.hook and hooks.endpoint_of(user) is not None:
            hooks.send(kind, user=user, at=at)
        if chosen.kind.is_alarm and settings.ALARM_URL:
            hooks.send(kind, user=None, at=at)


def send_mail(
    to: str,
    template: str,
    context: Mapping[str, object],
    *,
    picture: str = "",
    user: AbstractBaseUser | UUID | None = None,
    at: datetime,
) -> OutgoingMail:
    """Add a mail to an address, in the caller's transaction; raises BadAddress."""
    try:
        validate_email(to)
    except ValidationError:
        raise BadAddress from None
    words = {"at": at, "recipient": user, "has_picture": bool(picture), **context}
    message = rendering.render(template, words)
    row = OutgoingMail(
        kind=template,
        user=user if isinstance(user, UUID) else getattr(user, "pk", None),
        created_at=at,
    )
    sealing.seal_field(row, "sealed_recipient", to.encode())
    sealing.seal_field(
        row, "sealed_message", json.dumps({**asdict(message), "picture": picture}).encode()
    )
    with transaction.atomic():
        row.save(force_insert=True)
        jobs.enqueue("mail", subject=row.id, max_attempts=mail.ATTEMPTS, at=at)
    return row


def choice(user: Person, kind: kinds.Kind) -> Choice:
    return _choice(
        kind, NotificationPreference.objects.filter(user=user.pk, kind=kind.name).first()
    )


def choices(user: Person) -> list[Choice]:
    """What a user hears of, all kinds in the order of the catalogue."""
    rows = {row.kind: row for row in NotificationPreference.objects.filter(user=user.pk)}
    shown = kinds.for_person(_is_operator(user))
    return [_choice(kind, rows.get(kind.name)) for kind in shown]


def choose(
    *,
    user: Person,
    wanted: Mapping[str, frozenset[str]],
    channels: Iterable[str] = kinds.CHANNELS,
    at: datetime,
) -> None:
    """Keep the channels wanted for each kind; a locked channel stays on whatever is asked.

    Of a channel that was not asked for, what held before holds.
    """
    asked = tuple(channels)
    with transaction.atomic():
        for kind in kinds.for_person(_is_operator(user)):
            on = wanted.get(kind.name, frozenset())
            NotificationPreference.objects.update_or_create(
                user_id=str(user.pk),
                kind=kind.name,
                defaults={channel: channel in on or kind.is_locked(channel) for channel in asked},
            )
        audit.record(events.PREFERENCES_CHANGED, user=user, at=at)


def set_endpoint(user: AbstractBaseUser, *, way: str, url: str, at: datetime) -> None:
    """Have somebody's notices sent to a web address too; raises hooks.EndpointRefused."""
    with transaction.atomic():
        row = hooks.keep(user, way=way, url=url, at=at)
        # By mail as well: whoever got in would else read along unnoticed.
        notify(user, kinds.ENDPOINT_SET.name, params={"host": row.host}, at=at)


def mark_read(notification: Notification, *, at: datetime) -> None:
    Notification.objects.unread().filter(pk=notification.pk).update(read_at=at)


def mark_all_read(*, user: Person, at: datetime) -> int:
    """Mark what has arrived until `at`; what comes while the page is open stays unread."""
    return (
        Notification.objects.for_owner(user).unread().filter(created_at__lte=at).update(read_at=at)
    )


def _is_operator(user: Person) -> bool:
    return bool(getattr(user, "is_superuser", False))


def _choice(kind: kinds.Kind, row: NotificationPreference | None) -> Choice:
    in_app = row.in_app if row else kinds.IN_APP in kind.channels
    by_mail = row.mail if row else kinds.MAIL in kind.channels
    by_hook = row.hook if row else kinds.HOOK in kind.channels
    return Choice(
        kind,
        in_app or kind.is_locked(kinds.IN_APP),
        by_mail or kind.is_locked(kinds.MAIL),
        by_hook or kind.is_locked(kinds.HOOK),
    )

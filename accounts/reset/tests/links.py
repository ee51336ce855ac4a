"""Links of a password reset, as a person gets and follows them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import PasswordReset, User
from accounts.reset import asking
from tests import base

DAY = timedelta(hours=24)


def issue(user: User) -> str:
    """Ask for a link as its job does; the answer is the token of the mail."""
    with base.TestCase.captureOnCommitCallbacks(execute=True):
        asking.issue(user, where={"address": "203.0.113.9", "browser": "Test"}, at=timezone.now())
    return token_of_mail(user.email)


def token_of_mail(email: str) -> str:
    bodies = [str(message.body) for message in mail.outbox if message.to == [email]]
    links = re.findall(r"http://localhost:8000/reset/#(\S+)", "\n".join(bodies))
    return str(links[-1])


def pass_time(user: User, by: timedelta) -> None:
    """As if the open reset had been asked for so much earlier."""
    row = PasswordReset.objects.get(user=user, used_at=None, stopped_at=None)
    PasswordReset.objects.filter(pk=row.pk).update(
        created_at=row.created_at - by,
        usable_from=row.usable_from - by,
        expires_at=row.expires_at - by,
    )


def open_link(client: Client, token: str) -> Any:
    return client.post("/reset/link/", {"token": token})


def form(user: User, name: str = "new", **changes: Any) -> dict[str, str]:
    return {
        "new_auth_secret": base.posted_secret(name),
        "password_slot": base.posted_slot(base.slot_for(name, user.id)),
        **changes,
    }

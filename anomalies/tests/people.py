"""What the tests of unusual sign-ins need: sign-ins from places, with a proxy in between."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

from django.test import Client, override_settings
from django.utils import timezone

from accounts.models import User
from anomalies import mailed_codes
from anomalies.models import LoginAttempt
from anomalies.tests import places
from core import sealing
from notifications.models import OutgoingMail
from tests import base

VERIFY, MAIL = "/sign-in/verify/", "/sign-in/verify/mail/"
HELD, BLOCKED, NEW_PASSWORD = "/sign-in/held/", "/sign-in/blocked/", "/sign-in/new-password/"
SIGN_INS = "/settings/security/sign-ins/"
HOME, AWAY = places.BERLIN, places.SINGAPORE


class ComingMixin:
    """Sign-ins from somewhere."""

    def prove_address(self, user: User) -> None:
        mailed_codes.note_proven(user.pk, user.email, at=timezone.now())

    def come(self, name: str, address: str, client: Client | None = None) -> tuple[Client, Any]:
        """Sign in from an address; the answer is the browser and the redirect."""
        client = client or Client()
        client.defaults["HTTP_X_FORWARDED_FOR"] = address
        return client, base.sign_in(client, name)

    def settle_in(
        self, name: str, address: str = HOME, *, ago: timedelta = timedelta(hours=1)
    ) -> Client:
        """A sign-in that went well some time ago."""
        client, response = self.come(name, address)
        assert response.headers["Location"] == "/", response.headers["Location"]
        at = timezone.now() - ago
        LoginAttempt.objects.filter(user__email=f"{name}@example.com").update(at=at, seen_at=at)
        return client


def behind_a_proxy() -> Any:
    """With a geo database, and a proxy in front that says where people are."""
    return override_settings(TRUSTED_PROXIES=["127.0.0.0/8"], **places.databases())


class TestCase(ComingMixin, base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.enterContext(behind_a_proxy())


class TransactionTestCase(ComingMixin, base.TransactionTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.enterContext(behind_a_proxy())


def newest() -> LoginAttempt:
    return LoginAttempt.objects.order_by("-at").first() or LoginAttempt()


def mails(kind: str = "") -> list[dict[str, Any]]:
    """The mails on their way, the newest last; a test's transaction never sends them."""
    rows = OutgoingMail.objects.order_by("created_at")
    rows = rows.filter(kind=kind) if kind else rows
    return [json.loads(sealing.open_field(row, "sealed_message")) for row in rows]


def mailed_kinds() -> list[str]:
    return list(OutgoingMail.objects.order_by("created_at").values_list("kind", flat=True))


def leave_no_mails() -> None:
    """Whatever is on its way has arrived."""
    OutgoingMail.objects.all().delete()


def mailed_code() -> str:
    """The digits of the newest mail with a code."""
    found = re.search(r"\b(\d{4}) (\d{4})\b", mails("sign_in_code")[-1]["text"])
    assert found is not None
    return found[1] + found[2]


def leave(client: Client) -> Client:
    """Sign out, as a person does: the browser keeps its other cookies."""
    client.post("/sign-out/")
    return client


def at_time(at: datetime) -> Any:
    return mock.patch("django.utils.timezone.now", return_value=at)


def make_attempt(user: User, **columns: Any) -> LoginAttempt:
    """A verified sign-in at home, unless `columns` says otherwise."""
    wanted = {
        "at": timezone.now(),
        "user": user,
        "outcome": LoginAttempt.Outcome.SIGNED_IN,
        "stage": "check",
        "address": HOME,
        "network": HOME,
        "country": "DE",
        "country_name": "Germany",
        "city": "Berlin",
        "latitude": 52.5,
        "longitude": 13.4,
        "accuracy_radius": 20,
        "browser": "Firefox on Linux",
        "methods": ["pwd"],
        "score": 0,
        "level": "low",
        "is_verified": True,
        **columns,
    }
    return LoginAttempt.objects.create(**wanted)

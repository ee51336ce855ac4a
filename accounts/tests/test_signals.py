"""What accounts announces to the apps above it, and when."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.dispatch import Signal
from django.utils import timezone

from accounts import sign_up, signals
from accounts.credentials import NewCredentials
from accounts.models import PendingSignIn
from accounts.reset import address
from recovery import services as recovery
from recovery.tests import people
from tests import base

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def heard(signal: Signal) -> Iterator[list[dict[str, Any]]]:
    calls: list[dict[str, Any]] = []

    def receive(**words: Any) -> None:
        calls.append(words)

    signal.connect(receive)
    try:
        yield calls
    finally:
        signal.disconnect(receive)


class AnnouncementTests(base.TestCase):
    def test_a_right_password_begins_a_sign_in(self) -> None:
        with heard(signals.sign_in_begun) as calls:
            base.sign_in(self.client, "alice")

        assert [call["pending"] for call in calls] == [PendingSignIn.objects.get()]

    def test_a_confirmed_address_is_proven(self) -> None:
        now = timezone.now()
        address.ask(self.alice, email="alice@example.net", at=now)
        change = address.waiting(self.alice, at=now)
        assert change is not None

        with heard(signals.address_proven) as calls:
            address.complete(self.alice, change.id, at=now)

        assert [(call["user_id"], call["email"]) for call in calls] == [
            (self.alice.pk, "alice@example.net")
        ]

    def test_an_invitation_proves_no_address(self) -> None:
        now = timezone.now()
        link = sign_up.invite(email="dora@example.com", invited_by=self.charlie, at=now)
        token = sign_up.find(link.rpartition("#")[2], at=now)
        new = NewCredentials(
            base.auth_secret_of("dora"),
            base.slot_for("dora", token.user_id, slot_id=token.slot_id),
        )

        with heard(signals.address_proven) as calls:
            sign_up.complete(token.id, email="", display_name="Dora", new=new, at=now)

        assert calls == []


class CompromisedTests(base.TestCase):
    def compromise(self, *, drops_codes: bool) -> bool:
        people.add_factor(self.alice)
        people.make_codes(self.alice)
        signals.account_compromised.send(
            sender=None, user_id=self.alice.pk, drops_codes=drops_codes, at=timezone.now()
        )
        return recovery.valid_set(self.alice.pk) is not None

    def test_ends_backup_codes_when_asked_to(self) -> None:
        assert not self.compromise(drops_codes=True)

    def test_keeps_them_otherwise(self) -> None:
        assert self.compromise(drops_codes=False)

    def test_does_not_mind_that_there_are_none(self) -> None:
        signals.account_compromised.send(
            sender=None, user_id=self.bob.pk, drops_codes=True, at=timezone.now()
        )

        assert recovery.valid_set(self.bob.pk) is None

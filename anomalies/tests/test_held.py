"""Held sign-ins: approved once, or opened by time, and used by their browser alone."""

from __future__ import annotations

from datetime import timedelta

from django.core.management import CommandError, call_command
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from anomalies import grants
from anomalies.models import LoginAttempt, ReviewCase, SignInGrant
from anomalies.tests import people
from anomalies.tests.people import AWAY, HELD, VERIFY
from notifications.models import Notification
from recovery.tests import people as recovery


class HeldTests(people.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.settle_in("bob")
        self.browser, response = self.come("bob", AWAY)
        assert response.headers["Location"] == HELD
        self.grant = SignInGrant.objects.get()

    def again(self, client: Client | None = None) -> str:
        _, response = self.come("bob", AWAY, client or self.browser)
        return str(response.headers["Location"])

    def approve(self) -> None:
        call_command("approve_sign_in", "bob@example.com", reason="He rang me.", verbosity=0)

    def test_the_command_lets_in_once(self) -> None:
        self.approve()

        assert self.again() == "/"
        row = people.newest()
        assert (row.outcome, row.further) == (LoginAttempt.Outcome.SIGNED_IN, "grant")
        assert ReviewCase.objects.get(attempt=self.grant.attempt).state == "approved"
        assert Notification.objects.filter(user=self.bob, kind="sign_in_approved").count() == 1
        self.grant.refresh_from_db()
        assert self.grant.used_at is not None
        with self.assertRaises(CommandError):
            self.approve()

    def test_lets_nobody_in_from_another_browser(self) -> None:
        self.approve()

        assert self.again(Client()) == HELD

    def test_goes_on_at_once_when_it_is_approved_meanwhile(self) -> None:
        self.approve()

        assert self.browser.get(reverse("accounts:second-factor")).headers["Location"] == "/"

    def test_opens_by_itself_after_a_day_of_notices(self) -> None:
        now = timezone.now()
        assert grants.remind(at=now + timedelta(hours=11)) == 0
        assert grants.remind(at=now + timedelta(hours=13)) == 1
        assert grants.remind(at=now + timedelta(hours=14)) == 0
        assert Notification.objects.filter(user=self.bob, kind="sign_in_held").count() == 2
        self.move(timedelta(hours=23, minutes=59))
        assert self.again() == HELD

        self.move(timedelta(minutes=1))

        assert self.again() == "/"

    def move(self, by: timedelta) -> None:
        """Some time has passed for the grant, and for nothing else."""
        row = SignInGrant.objects.get()
        opens_at = (row.opens_at or timezone.now()) - by
        SignInGrant.objects.update(opens_at=opens_at, created_at=row.created_at - by)

    def test_trying_again_does_not_start_the_day_anew(self) -> None:
        for _ in range(3):
            assert self.again() == HELD

        assert list(SignInGrant.objects.values_list("pk", flat=True)) == [self.grant.pk]
        assert Notification.objects.filter(user=self.bob, kind="sign_in_held").count() == 1

    def test_the_owner_refuses_it(self) -> None:
        owner = self.settle_in("bob")
        self.approve()

        owner.post(f"{people.SIGN_INS}{self.grant.attempt_id}/not-me/")

        assert self.again() == people.NEW_PASSWORD
        self.grant.refresh_from_db()
        assert self.grant.stopped_at is not None

    def test_claims_a_grant_once(self) -> None:
        self.approve()
        now, pending = timezone.now(), self.grant.pk

        def claim(by: object) -> bool:
            return grants.claim(self.bob, self.grant.browser_key, pending_id=by, at=now)  # type: ignore[arg-type]

        assert claim(pending)
        assert claim(pending)
        assert not claim(self.grant.attempt_id)

    @override_settings(ANOMALIES_BLOCK_AT=90)
    def test_an_operator_may_approve_what_is_refused_outright(self) -> None:
        assert self.again() == people.BLOCKED
        self.approve()

        assert self.again() == "/"

    def test_wants_to_know_which_one_of_several(self) -> None:
        self.again(Client())

        with self.assertRaisesMessage(CommandError, "More than one"):
            self.approve()
        with self.assertRaises(CommandError):
            call_command("approve_sign_in", "nobody@example.com", reason="x")


class AskingTests(people.TestCase):
    """Somebody who has another proof, and not at hand."""

    def test_an_operator_decides_and_no_time_does(self) -> None:
        self.prove_address(self.alice)
        self.settle_in("alice")
        client, _ = self.come("alice", AWAY)

        response = client.post(f"{VERIFY}hold/")

        assert response.headers["Location"] == HELD
        assert client.get(HELD).status_code == 200
        assert SignInGrant.objects.get().opens_at is None
        SignInGrant.objects.update(created_at=timezone.now() - timedelta(days=2))
        assert self.come("alice", AWAY, client)[1].headers["Location"] == VERIFY
        call_command("approve_sign_in", "alice@example.com", reason="She rang me.", verbosity=0)
        assert self.come("alice", AWAY, client)[1].headers["Location"] == "/"

    def test_a_factor_that_is_there_leaves_nothing_to_time(self) -> None:
        self.settle_in("bob")
        recovery.add_factor(self.bob)
        recovery.make_codes(self.bob)
        client, _ = self.come("bob", AWAY)
        assert SignInGrant.objects.count() == 0
        assert client.post(f"{VERIFY}hold/").status_code == 302
        assert SignInGrant.objects.count() == 0

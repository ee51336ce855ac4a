from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import Client, override_settings
from django.utils import timezone

from accounts.models import User
from accounts.totp.tests.test_totp import enrol
from tests import base

FOR_ALL = override_settings(SECOND_FACTOR="all", SECOND_FACTOR_GRACE_DAYS=7)
FOR_OPERATORS = override_settings(SECOND_FACTOR="operators", SECOND_FACTOR_GRACE_DAYS=7)
BANNER = "This site asks you for a second factor"


def end_grace(user: User) -> None:
    past = timezone.now() - timedelta(seconds=1)
    User.objects.filter(pk=user.pk).exclude(factor_due_at=None).update(factor_due_at=past)


class PolicyCase(base.TestCase):
    def due(self, user: User) -> Any:
        return User.objects.get(pk=user.pk).factor_due_at

    def assert_open(self, client: Client) -> None:
        assert client.get("/").status_code == 200

    def assert_forced(self, client: Client) -> None:
        response = client.get("/")
        assert response.headers["Location"] == "/settings/security/enrol/"


class OptionalTests(PolicyCase):
    def test_demands_nothing(self) -> None:
        client = self.sign_in_as("alice")

        self.assert_open(client)
        self.assertNotContains(client.get("/"), BANNER)
        assert self.due(self.alice) is None

    def test_forgives_a_date_of_an_earlier_policy(self) -> None:
        User.objects.filter(pk=self.alice.pk).update(factor_due_at=timezone.now())

        self.assert_open(self.sign_in_as("alice"))


@FOR_OPERATORS
class OperatorsTests(PolicyCase):
    def test_concerns_operators_alone(self) -> None:
        self.sign_in_as("alice")
        base.sign_in(Client(), "charlie")

        assert self.due(self.alice) is None
        assert self.due(self.charlie) is not None

    def test_ends_in_the_enrolment(self) -> None:
        client = Client()
        base.sign_in(client, "charlie")
        self.assertContains(client.get("/"), BANNER)

        end_grace(self.charlie)

        self.assert_forced(client)


@FOR_ALL
class AllTests(PolicyCase):
    def test_counts_the_days_from_the_first_sign_in(self) -> None:
        self.sign_in_as("alice")

        left = self.due(self.alice) - timezone.now()
        assert timedelta(days=6, hours=23) < left <= timedelta(days=7)

    def test_does_not_start_again_at_the_next_sign_in(self) -> None:
        self.sign_in_as("alice")
        first = self.due(self.alice)

        self.sign_in_as("alice", Client())

        assert self.due(self.alice) == first

    def test_says_until_when_on_every_page(self) -> None:
        client = self.sign_in_as("alice")

        for path in ("/", "/settings/", "/activity/"):
            self.assertContains(client.get(path), BANNER)

    def test_closes_the_session_that_runs(self) -> None:
        client = self.sign_in_as("alice")
        end_grace(self.alice)

        self.assert_forced(client)
        answer = client.get("/codes/", headers={"x-background": "1"})
        assert (answer.status_code, answer.json()) == (403, {"needs_second_factor": True})

    def test_closes_a_new_session_as_well(self) -> None:
        self.sign_in_as("alice")
        end_grace(self.alice)

        self.assert_forced(self.sign_in_as("alice", Client()))

    def test_leaves_the_way_to_a_factor_and_the_way_out(self) -> None:
        client = self.sign_in_as("alice")
        end_grace(self.alice)

        forced = client.get("/settings/security/enrol/")
        self.assertContains(forced, "the days to add one are over")
        assert client.get("/settings/security/apps/add/").status_code == 200
        assert client.post("/sign-out/").headers["Location"] == "/sign-in/"

    def test_opens_with_a_factor(self) -> None:
        client = self.sign_in_as("alice")
        end_grace(self.alice)
        enrol(self.alice)

        client.get("/settings/security/enrol/")

        self.assert_open(client)
        self.assertNotContains(client.get("/"), BANNER)

    @override_settings(SECOND_FACTOR_GRACE_DAYS=0)
    def test_may_give_no_days_at_all(self) -> None:
        self.assert_forced(self.sign_in_as("alice"))

    def test_keeps_the_last_factor(self) -> None:
        client = self.sign_in_as("alice")
        device = enrol(self.alice)
        base.show_factor(client)

        client.post(f"/settings/security/apps/{device.pk}/remove/")

        assert self.alice.totpdevice_set.exists()

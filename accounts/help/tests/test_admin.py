from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.core import mail
from django.db import close_old_connections, connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.help import services as factor_help
from accounts.help.tests.test_resets import give_factors
from accounts.models import User
from audit.models import AuditEvent
from tests import base


def page(name: str, user: User) -> str:
    return reverse(f"admin:accounts_user_{name}", args=[user.pk])


def form_of(**changes: str) -> dict[str, str]:
    return {"is_active": "on", "role": "operator", **changes}


class ResetPageTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        give_factors(self.alice)
        self.sign_in_as("charlie")

    def ask(self, **form: str) -> Any:
        return self.client.post(page("reset_factors", self.alice), form, follow=True)

    def test_shows_how_many_factors_somebody_has(self) -> None:
        listed = self.client.get(reverse("admin:accounts_user_changelist"))

        self.assertContains(listed, '<td class="field-factor_count">2</td>')
        self.assertContains(self.client.get(page("change", self.alice)), "Reset second factors")

    def test_asks_for_a_reason(self) -> None:
        self.assertContains(self.client.get(page("reset_factors", self.alice)), "2 second factors")

        self.assertContains(self.ask(), "Say why", status_code=422)

        assert factor_help.waiting(self.alice) is None

    def test_tells_the_person_and_waits(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            self.assertContains(self.ask(reason="Phone lost"), "unless they stop it")

        row = factor_help.waiting(self.alice)
        assert row is not None
        assert row.requested_by_id == self.charlie.pk
        assert mail.outbox[-1].to == ["alice@example.com"]

    def test_can_be_withdrawn(self) -> None:
        self.ask(reason="Phone lost")
        self.assertContains(self.client.get(page("change", self.alice)), "Withdraw the reset")

        self.client.post(page("withdraw_reset", self.alice))

        assert factor_help.waiting(self.alice) is None
        assert AuditEvent.objects.get(event="factor.reset_stopped").facts == {"by": "operator"}

    def test_says_when_there_is_nothing_to_do(self) -> None:
        self.ask(reason="Phone lost")

        self.assertContains(self.ask(reason="Phone lost"), "waits already")
        nothing = self.client.post(page("reset_factors", self.bob), {"reason": "x"}, follow=True)
        self.assertContains(nothing, "no second factor")

    def test_is_for_operators_only(self) -> None:
        outsider = self.sign_in_as("bob", Client())
        for client in (outsider, Client()):
            assert (
                client.post(page("reset_factors", self.alice), {"reason": "x"}).status_code == 302
            )
        assert factor_help.waiting(self.alice) is None

    def test_never_sets_or_shows_a_password(self) -> None:
        self.assertNotContains(self.client.get(page("change", self.alice)), "password/")


class RoleTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("charlie")

    def test_keeps_the_last_operator(self) -> None:
        for changes in ({"is_active": ""}, {"role": ""}):
            response = self.client.post(page("change", self.charlie), form_of(**changes))
            self.assertContains(response, "only operator")
        charlie = User.objects.get(pk=self.charlie.pk)
        assert charlie.is_active
        assert charlie.is_staff

    def test_lets_one_of_two_go(self) -> None:
        User.objects.filter(pk=self.bob.pk).update(is_staff=True, is_superuser=True)

        self.client.post(page("change", self.bob), form_of(role=""))

        bob = User.objects.get(pk=self.bob.pk)
        assert (bob.is_staff, bob.is_superuser) == (False, False)

    def test_signs_out_whoever_is_deactivated(self) -> None:
        other = self.sign_in_as("bob", Client())

        self.client.post(page("change", self.bob), {"is_active": ""})

        assert other.get("/settings/").status_code == 302
        User.objects.filter(pk=self.bob.pk).update(is_active=True)
        assert other.get("/settings/").status_code == 302

    def test_has_no_way_to_delete_anybody(self) -> None:
        for user in (self.bob, self.charlie):
            assert self.client.post(page("delete", user), {"post": "yes"}).status_code == 403


class DemotionRaceTests(base.TransactionTestCase):
    def test_keeps_one_of_two_who_demote_each_other(self) -> None:
        User.objects.filter(pk=self.bob.pk).update(is_staff=True, is_superuser=True)
        clients = [Client(), Client()]
        for client, name in zip(clients, ("bob", "charlie"), strict=True):
            base.sign_in(client, name)
            base.show_factor(client)
        targets = [page("change", self.charlie), page("change", self.bob)]
        gate = threading.Barrier(2)

        def demote(turn: int) -> None:
            close_old_connections()
            gate.wait()
            try:
                clients[turn].post(targets[turn], form_of(role=""))
            finally:
                connections.close_all()

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(demote, range(2)))

        assert User.objects.filter(is_staff=True, is_active=True).count() == 1


class DeletionRaceTests(base.TransactionTestCase):
    def test_keeps_one_of_two_who_leave_together(self) -> None:
        from accounts import profile

        User.objects.filter(pk=self.bob.pk).update(is_staff=True, is_superuser=True)
        gate = threading.Barrier(2)

        def leave(user: User) -> bool:
            close_old_connections()
            gate.wait()
            try:
                profile.delete(User.objects.get(pk=user.pk), at=timezone.now())
            except profile.LastOperator:
                return False
            finally:
                connections.close_all()
            return True

        with ThreadPoolExecutor(2) as pool:
            left = list(pool.map(leave, [self.bob, self.charlie]))

        assert sorted(left) == [False, True]

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import operators, roles
from accounts.help import services as factor_help
from accounts.help.tests.test_resets import give_factors
from accounts.models import FactorReset, SignUpToken, User
from audit.models import AuditEvent
from notifications.models import Notification
from recovery.models import RecoverySet
from recovery.tests.people import make_codes
from sessions_lock.models import SessionActivity
from tests import base


def page(name: str, user: User) -> str:
    return reverse(f"admin:accounts_user_{name}", args=[user.pk])


def reread(user: User) -> User:
    return User.objects.get(pk=user.pk)


class GroupTests(base.TestCase):
    def test_are_three_and_each_may_more_than_the_one_before(self) -> None:
        allowed = {
            name: set(Group.objects.get(name=name).permissions.values_list("codename", flat=True))
            for name in roles.NAMES
        }

        assert allowed["viewer"] < allowed["helpdesk"] < allowed["operator"]
        assert all(name.startswith("view_") for name in allowed["viewer"])
        assert allowed["helpdesk"] - allowed["viewer"] == {
            *("unlock_signin", "reset_factors", "invalidate_codes", "end_sessions"),
        }

    def test_cannot_be_changed_in_the_administration(self) -> None:
        self.sign_in_as("charlie")
        group = Group.objects.get(name="viewer")
        path = reverse("admin:auth_group_change", args=[group.pk])

        self.assertContains(self.client.get(path), "Can view user")
        assert self.client.post(path, {"name": "x"}).status_code == 403


class GivingTests(base.TestCase):
    def give(self, user: User, role: str) -> bool:
        return roles.give(user, role, by=self.charlie, at=timezone.now())

    def test_replaces_the_role_somebody_has(self) -> None:
        for role in ("viewer", "operator", "helpdesk", ""):
            assert self.give(self.alice, role)
            alice = reread(self.alice)
            assert roles.of(alice) == role
            assert alice.is_superuser == (role == "operator")
            assert list(roles.filtered(User.objects.all(), role)).count(alice) == 1
        assert not self.give(self.alice, "")

    def test_is_recorded_and_told(self) -> None:
        self.give(self.alice, "helpdesk")

        event = AuditEvent.objects.get(event="account.role_changed")
        assert event.user == self.alice.pk
        by = str(self.charlie.pk)
        assert event.facts == {"from": "none", "to": "helpdesk", "operator": by}
        assert Notification.objects.get(user=self.alice, kind="role_changed").sentence

    def test_ends_every_session(self) -> None:
        client = self.sign_in_as("alice", Client())

        self.give(self.alice, "viewer")

        assert client.get("/settings/").status_code == 302
        assert not SessionActivity.objects.live(at=timezone.now()).filter(user=self.alice).exists()

    def test_withdraws_invitations_of_operators_by_a_former_one(self) -> None:
        self.give(self.alice, "operator")
        now = timezone.now()
        for name, makes in (("x", True), ("y", False)):
            SignUpToken.objects.create(
                email=f"{name}@example.com",
                makes_operator=makes,
                invited_by=self.alice,
                origin="invitation",
                token_hash=name,
                created_at=now,
                expires_at=now + timedelta(hours=1),
            )

        self.give(self.alice, "viewer")

        assert [token.email for token in SignUpToken.open(at=now)] == ["y@example.com"]

    def test_never_takes_the_role_of_the_last_operator(self) -> None:
        with self.assertRaises(operators.LastOperator):
            self.give(self.charlie, "helpdesk")
        assert roles.of(reread(self.charlie)) == "operator"


class CommandTests(base.TestCase):
    def run_it(self, *words: str) -> str:
        output = StringIO()
        call_command("give_role", *words, stdout=output)
        return output.getvalue()

    def test_gives_and_shows_a_role(self) -> None:
        assert "Done" in self.run_it("Alice@example.com", "helpdesk")
        assert self.run_it("alice@example.com") == "helpdesk\n"
        assert "Nothing to do" in self.run_it("alice@example.com", "helpdesk")
        assert AuditEvent.objects.get(event="account.role_changed").facts["operator"] == "console"

    def test_refuses_what_cannot_be(self) -> None:
        for words in (("nobody@example.com", "viewer"), ("charlie@example.com", "none")):
            with self.assertRaises(CommandError):
                self.run_it(*words)


class WhatRolesDoTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        give_factors(self.bob)
        make_codes(self.bob)
        roles.give(self.alice, self.role(), by=None, at=timezone.now())
        self.sign_in_as("alice")
        base.show_factor(self.client)

    def role(self) -> str:
        return "helpdesk"

    def act(self, action: str) -> Any:
        row = RecoverySet.objects.valid().get(user=self.bob)
        form = {"action": action, "_selected_action": str(row.pk), "reason": "Phone lost"}
        return self.client.post(reverse("admin:recovery_recoveryset_changelist"), form)

    def test_helpdesk_helps(self) -> None:
        self.assertContains(self.client.get(page("change", self.bob)), "Reset second factors")
        self.client.post(page("reset_factors", self.bob), {"reason": "Phone lost"})
        self.act("invalidate_codes")

        assert factor_help.waiting(self.bob) is not None
        assert not RecoverySet.objects.valid().filter(user=self.bob).exists()

    def test_helpdesk_neither_gives_roles_nor_switches_off(self) -> None:
        response = self.client.post(page("change", self.bob), {"is_active": "", "role": "operator"})

        assert response.status_code == 403
        assert (reread(self.bob).is_active, roles.of(reread(self.bob))) == (True, "")

    def test_helpdesk_resets_nobody_with_a_role(self) -> None:
        give_factors(self.charlie)

        path = page("reset_factors", self.charlie)
        response = self.client.post(path, {"reason": "Phone lost"}, follow=True)

        self.assertContains(response, "Only an operator may do this")
        assert not FactorReset.objects.exists()

    def test_helpdesk_ends_sessions_and_extends_none(self) -> None:
        self.sign_in_as("bob", Client())
        listed = self.client.get(reverse("admin:sessions_lock_sessionactivity_changelist"))

        self.assertContains(listed, "End the selected sessions")
        self.assertNotContains(listed, "Extend the selected sessions")
        self.assertNotContains(listed, "End everybody")


class ViewerTests(WhatRolesDoTests):
    """The same pages, and no deed on any of them."""

    def role(self) -> str:
        return "viewer"

    def test_helpdesk_helps(self) -> None:
        self.assertNotContains(self.client.get(page("change", self.bob)), "Reset second factors")
        path = page("reset_factors", self.bob)
        assert self.client.post(path, {"reason": "Phone lost"}).status_code == 403
        self.act("invalidate_codes")
        assert RecoverySet.objects.valid().filter(user=self.bob).exists()

    def test_helpdesk_resets_nobody_with_a_role(self) -> None:
        path = page("reset_factors", self.charlie)
        assert self.client.post(path, {"reason": "x"}).status_code == 403

    def test_helpdesk_ends_sessions_and_extends_none(self) -> None:
        path = reverse("admin:sessions_lock_sessionactivity_changelist")
        self.assertNotContains(self.client.get(path), "End the selected sessions")

    def test_sees_the_overview_and_every_list(self) -> None:
        self.assertContains(self.client.get("/admin/"), "Without a second factor")
        self.assertContains(self.client.get(reverse("admin:accounts_user_changelist")), "bob@")
        assert self.client.get("/invitations/").status_code == 403

from __future__ import annotations

from django.contrib.admin.models import CHANGE, LogEntry
from django.urls import reverse

from accounts.models import User
from audit import events, services
from audit.models import AuditEvent
from tests.base import TestCase

LIST = "admin:audit_auditevent_changelist"


class AuditAdminTest(TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.event = services.record(
            events.ENTRY_ADDED, user=self.alice, details={"issuer": "Post"}
        )

    def test_shows_operators_the_events(self) -> None:
        response = self.sign_in_as("charlie").get(reverse(LIST), {"q": str(self.alice.id)})

        self.assertContains(response, events.ENTRY_ADDED)

    def test_filters_by_group(self) -> None:
        response = self.sign_in_as("charlie").get(reverse(LIST), {"group": "sign-in"})

        self.assertContains(response, events.SESSION_STARTED)
        self.assertNotContains(response, events.ENTRY_ADDED)

    def test_keeps_the_words_of_a_vault_to_its_owner(self) -> None:
        client = self.sign_in_as("charlie")
        page = reverse("admin:audit_auditevent_change", args=[self.event.pk])

        for url in (reverse(LIST), page):
            self.assertNotContains(client.get(url), "Post")

    def test_refuses_to_add_change_or_delete(self) -> None:
        client = self.sign_in_as("charlie")
        for name, args in (("add", []), ("delete", [self.event.pk]), ("change", [self.event.pk])):
            url = reverse(f"admin:audit_auditevent_{name}", args=args)
            assert client.post(url, {"post": "yes"}).status_code == 403
        assert AuditEvent.objects.filter(pk=self.event.pk).exists()

    def test_lets_nobody_else_in(self) -> None:
        assert self.sign_in_as("bob").get(reverse(LIST)).status_code == 302

    def test_sends_a_stranger_away(self) -> None:
        assert self.client.get(reverse(LIST)).status_code == 302


class AdminWritesTest(TestCase):
    def test_records_each_with_ids_only(self) -> None:
        LogEntry.objects.log_actions(
            self.charlie.id,
            User.objects.filter(pk=self.alice.pk),
            CHANGE,
            "Changed alice@example.com",
        )

        event = AuditEvent.objects.get(event=events.ADMIN_CHANGED)
        assert event.user == self.charlie.id
        assert event.facts == {
            "model": "accounts.user",
            "object_id": str(self.alice.id),
            "action": "changed",
        }
        assert event.details == {}

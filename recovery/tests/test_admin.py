from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from audit.models import AuditEvent
from notifications.models import Notification
from recovery import services as recovery
from recovery.models import RecoveryCode, RecoverySet
from recovery.tests import people
from tests import base

LIST = "/admin/recovery/recoveryset/"
REPORT = f"{LIST}report/"


class AdminTests(base.TestCase):
    codes: tuple[str, ...]

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        for person in (cls.alice, cls.bob):
            people.add_factor(person)
            cls.codes = people.make_codes(person)

    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("charlie")

    def act(self, **words: str) -> Any:
        form = {
            "action": "invalidate_codes",
            "_selected_action": [str(row.pk) for row in RecoverySet.objects.all()],
            **words,
        }
        return self.client.post(LIST, form)

    def use(self, count: int) -> None:
        rows = RecoveryCode.objects.filter(user=self.alice).values_list("pk", flat=True)[:count]
        RecoveryCode.objects.filter(pk__in=list(rows)).update(used_at=timezone.now())

    def test_lists_counts_and_no_code(self) -> None:
        self.use(7)
        page = self.client.get(LIST)

        self.assertContains(page, "alice@example.com")
        self.assertContains(page, '<td class="field-left">3</td>', html=True)
        for row in RecoveryCode.objects.all():
            self.assertNotContains(page, row.code_hash)

    def test_offers_no_way_to_read_make_or_change_one(self) -> None:
        row = RecoverySet.objects.all()[0]

        for path in (f"{LIST}add/", f"{LIST}{row.pk}/delete/"):
            assert self.client.get(path).status_code == 403
        for code in self.codes:
            self.assertNotContains(self.client.get(f"{LIST}{row.pk}/change/"), code[:11])
        assert self.client.get("/admin/recovery/recoverycode/").status_code == 404

    def test_asks_for_the_reason_first(self) -> None:
        self.assertContains(self.act(), "bob@example.com")
        assert self.act(reason=" ").status_code == 422
        assert RecoverySet.objects.valid().count() == 2

    def test_invalidates_a_selection_and_tells_everybody(self) -> None:
        self.assertRedirects(self.act(reason="A printer was read"), LIST)

        assert not RecoverySet.objects.valid().exists()
        told = Notification.objects.filter(kind="recovery_codes_invalidated")
        assert {row.user_id for row in told} == {self.alice.pk, self.bob.pk}
        assert {row.params["reason"] for row in told} == {"A printer was read"}
        events = AuditEvent.objects.filter(event="recovery.invalidated")
        assert {event.facts["by"] for event in events} == {str(self.charlie.pk)}

    def test_reports_days_and_who_has_none_or_few(self) -> None:
        self.use(8)
        page = self.client.get(REPORT)

        self.assertContains(page, "Users without codes (1)")
        self.assertContains(page, "Users low on codes (1)")
        lines = self.client.get(f"{REPORT}low.csv").content.decode().splitlines()
        assert lines[1].startswith("alice@example.com,2,")
        days = self.client.get(f"{REPORT}days.csv").content.decode().splitlines()
        assert days[1].split(",")[1] == "2"
        assert self.client.get(f"{REPORT}other.csv").status_code == 404

    def test_makes_csv_cells_harmless(self) -> None:
        type(self.alice).objects.filter(pk=self.charlie.pk).update(email="=cmd@example.com")

        assert "'=cmd@example.com" in self.client.get(f"{REPORT}without.csv").content.decode()

    def test_is_closed_to_others(self) -> None:
        for client in (Client(), self.client_of_an_outsider()):
            for path in (LIST, REPORT, f"{REPORT}low.csv"):
                assert client.get(path).status_code == 302

    def client_of_an_outsider(self) -> Client:
        client = Client()
        people.show(client, "bob", self.codes[0])
        return client


class CommandTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        people.add_factor(self.alice)
        people.make_codes(self.alice)

    def test_invalidates_by_address(self) -> None:
        call_command("invalidate_recovery_codes", "ALICE@example.com", reason="Stolen bag")

        assert recovery.valid_set(self.alice.pk) is None
        told = Notification.objects.get(kind="recovery_codes_invalidated")
        assert told.params["reason"] == "Stolen bag"
        assert AuditEvent.objects.get(event="recovery.invalidated").facts == {"by": "site"}

    def test_says_what_is_wrong(self) -> None:
        for address, reason in (
            ("nobody@example.com", "x"),
            ("bob@example.com", "x"),
            ("alice@example.com", " "),
        ):
            with pytest.raises(CommandError):
                call_command("invalidate_recovery_codes", address, reason=reason)

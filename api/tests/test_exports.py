from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from accounts.tests.test_access_matrix import make_export
from api.tests.making import Program, make_token, problem
from audit import events
from audit.models import AuditEvent
from exports import services as exports
from exports.models import Export
from notifications.models import Notification
from recovery.tests import people
from tests import base
from vault.formats import otpauth_list
from vault.services import add_category
from vault.tests.making import BASE32, NOON, make_entry

EXPORT = "/api/applications/export"
PASSWORD = "a passphrase of some words"


class ExportTestCase(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.entry = make_entry(self.alice)
        self.sign_in_as("alice")

    def export(self, client: Client | None = None, **wish: Any) -> Any:
        client = client or self.client
        return client.post(EXPORT, wish, content_type="application/json")

    def fetch(self, path: str, client: Client | None = None) -> Any:
        return (client or self.client).post(path, content_type="application/json")

    def content(self, answer: Any) -> bytes:
        assert answer.status_code == 200, answer.content
        return b"".join(answer.streaming_content)


class MakingTests(ExportTestCase):
    def test_makes_files_of_each_format_at_once(self) -> None:
        for name in ("aegis", "andotp", "plaintext"):
            answer = self.export(format=name, without_password=True)
            assert BASE32 in self.content(answer).decode()
            assert answer["Content-Disposition"].startswith("attachment; filename=")
            assert answer["Cache-Control"] == "no-store"

    def test_seals_a_file_under_a_password(self) -> None:
        content = self.content(self.export(format="aegis", password=PASSWORD))

        assert BASE32 not in content.decode()
        assert json.loads(content)["header"]["slots"]

    def test_leaves_sheets_of_codes_to_a_worker(self) -> None:
        answer = self.export(format="qrcodes", password=PASSWORD)

        told = answer.json()
        assert answer.status_code == 202, told
        export = Export.objects.get(owner=self.alice)
        assert told["state_url"] == f"{EXPORT}/{export.pk}"
        assert self.client.get(told["state_url"]).json()["state"] == "waiting"
        assert problem(self.fetch(told["download_url"])) == "conflict"
        assert problem(self.export(format="qrcodes", password=PASSWORD)) == "conflict"

    def test_takes_what_was_chosen(self) -> None:
        work = add_category(owner=self.alice, name="Work", at=NOON)
        other = make_entry(self.alice, 1, name="work", favourite=True)
        other.categories.add(work)
        for wish in (
            {"what": "favourites"},
            {"what": "categories", "categories": [str(work.pk)]},
            {"what": "selected", "entries": [str(other.pk)]},
        ):
            answer = self.export(format="plaintext", without_password=True, **wish)
            names = [each.name for each in otpauth_list.read(self.content(answer)).accounts]
            assert names == ["work"], wish

    def test_takes_nothing_of_somebody_else(self) -> None:
        theirs = make_entry(self.bob, 2, categories=("Work",))
        category = str(theirs.categories.get().pk)

        chosen: dict[str, Any] = {"what": "selected", "entries": [str(theirs.pk)]}
        answer = self.export(format="aegis", without_password=True, **chosen)
        assert problem(answer) == "conflict"
        chosen = {"what": "categories", "categories": [category]}
        assert problem(self.export(format="aegis", password=PASSWORD, **chosen)) == "not-valid"

    def test_is_recorded_and_told(self) -> None:
        self.content(self.export(format="plaintext", without_password=True))

        event = AuditEvent.objects.get(event=events.EXPORT_MADE_PLAIN)
        assert event.facts["format"] == "plaintext"
        assert Notification.objects.filter(user=self.alice, kind="exported_plain").exists()


class RefusingTests(ExportTestCase):
    def test_asks_to_confirm_when_the_proof_is_old(self) -> None:
        session = self.client.session
        session["proven_at"] = (timezone.now() - timedelta(minutes=6)).timestamp()
        session.save()

        answer = self.export(format="aegis", password=PASSWORD)
        assert problem(answer) == "confirmation-needed"
        assert answer.json()["continue_at"] == "/confirm/"

    def test_is_closed_to_a_session_of_a_backup_code(self) -> None:
        people.add_factor(self.bob)
        client = Client()
        people.show(client, "bob", people.make_codes(self.bob)[0])

        answer = self.export(client, format="aegis", password=PASSWORD)
        assert problem(answer) == "factor-needed"
        assert answer.json()["continue_at"] == "/settings/security/enrol/"

    def test_shares_the_limit_of_the_page(self) -> None:
        for _ in range(exports.PER_HOUR):
            self.content(self.export(format="plaintext", without_password=True))
        answer = self.export(format="plaintext", without_password=True)

        assert problem(answer) == "too-many-requests"
        assert int(answer["Retry-After"]) > 3000
        assert AuditEvent.objects.filter(event=events.EXPORT_REFUSED).count() == 1

    def test_wants_a_password_or_a_word_that_there_is_none(self) -> None:
        wishes: list[tuple[dict[str, Any], str]] = [
            ({}, "body.without_password"),
            ({"password": "short"}, "body.password"),
        ]
        for wish, where in wishes:
            answer = self.export(format="aegis", **wish)
            assert problem(answer) == "not-valid"
            assert answer.json()["errors"][0]["where"] == where
        assert not AuditEvent.objects.filter(event__startswith="export.").exists()

    def test_knows_four_formats(self) -> None:
        for name in ("google", "csv", "", None):
            assert problem(self.export(format=name, password=PASSWORD)) == "not-valid"

    def test_is_not_for_tokens(self) -> None:
        _, token = make_token(self.alice)

        answer = Program(token).post(EXPORT, {"format": "aegis", "password": PASSWORD})
        assert problem(answer) == "form-token-missing"

    def test_needs_the_token_of_the_form(self) -> None:
        client = Client(enforce_csrf_checks=True)
        client.cookies = self.client.cookies

        answer = self.export(client, format="aegis", password=PASSWORD)
        assert problem(answer) == "form-token-missing"


class FetchingTests(ExportTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.path = f"{EXPORT}/{make_export(self.alice)}"

    def test_hands_the_file_out_once(self) -> None:
        assert self.client.get(self.path).json()["state"] == "ready"

        assert self.content(self.fetch(f"{self.path}/download")) == b"a file"
        assert self.fetch(f"{self.path}/download").status_code in {404, 409}

    def test_hides_those_of_others(self) -> None:
        client = self.sign_in_as("bob", Client())

        assert problem(client.get(self.path)) == "not-found"
        assert problem(self.fetch(f"{self.path}/download", client)) == "not-found"
        assert problem(client.get(f"{EXPORT}/{uuid.uuid4()}")) == "not-found"

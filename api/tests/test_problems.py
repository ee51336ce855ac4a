from __future__ import annotations

from unittest.mock import patch

from django.db import OperationalError
from django.test import Client, override_settings

from api import middleware, problems
from api.tests.making import Program, make_token, problem
from audit import events
from audit.models import AuditEvent
from tests import base

ENTRIES = "/api/v1/entries"


class EveryRefusalTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        _, self.token = make_token(self.alice)
        self.program = Program(self.token)

    def test_has_a_line_in_the_documentation(self) -> None:
        self.sign_in_as("alice")
        page = self.client.get("/help/api/").content.decode()

        for kind in problems.KINDS:
            assert f'id="{kind.name}"' in page, kind.name
        assert len(problems.KINDS) > 20

    def test_is_a_problem_whoever_refuses(self) -> None:
        for path in ("/api/", "/api/nowhere", "/api/v2/entries", "/api/v1/entries/"):
            assert problem(self.program.get(path)) == "not-found"

    def test_names_the_methods_that_there_are(self) -> None:
        for method in ("PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"):
            answer = self.program.client.generic(method, ENTRIES, headers=self.program.headers)
            assert answer.status_code == 405, method
            assert set(answer["Allow"].split(", ")) == {"GET", "POST"}

    def test_takes_json_and_nothing_else(self) -> None:
        for kind, content, name in (
            ("text/plain", "{}", "not-json"),
            ("multipart/form-data", "x", "not-json"),
            ("application/json", "{", "bad-request"),
            ("application/json", "\xff", "bad-request"),
            ("application/json", "[]", "not-valid"),
            ("application/json", "{}" + " " * 70_000, "too-large"),
        ):
            answer = self.program.client.generic(
                "POST", ENTRIES, content, content_type=kind, headers=self.program.headers
            )
            assert problem(answer) == name, (kind, content[:5])

    def test_goes_on_when_the_database_is_away(self) -> None:
        with (
            patch("api.services.recognise", side_effect=OperationalError("locked")),
            self.assertLogs("core.middleware", "ERROR"),
        ):
            answer = self.program.get(ENTRIES)

        assert problem(answer) == "away"
        assert answer["Retry-After"] == "30"

    def test_tells_nothing_of_a_fault(self) -> None:
        self.program.client.raise_request_exception = False
        with (
            patch("api.services.recognise", side_effect=ZeroDivisionError("secret words")),
            self.assertLogs("django.request", "ERROR"),
        ):
            answer = self.program.get(ENTRIES)

        assert problem(answer) == "fault"
        assert "secret words" not in answer.content.decode()
        assert answer["X-Request-ID"]

    @override_settings(DEBUG=True)
    def test_leaves_faults_to_who_develops(self) -> None:
        self.program.client.raise_request_exception = False
        with (
            patch("api.services.recognise", side_effect=ZeroDivisionError),
            self.assertLogs(level="ERROR"),
        ):
            answer = self.program.get(ENTRIES)

        assert answer.status_code == 500
        assert answer["Content-Type"] != problems.MEDIA_TYPE

    def test_is_recorded_where_pages_are(self) -> None:
        _, token = make_token(self.alice, "codes:read")
        Program(token).get(ENTRIES)

        event = AuditEvent.objects.get(event=events.ACCESS_REFUSED)
        assert (event.user, event.facts["view"]) == (self.alice.pk, "api:entries")

    def test_leaves_pages_alone(self) -> None:
        answer = Client().get("/nowhere/")

        assert answer["Content-Type"].startswith("text/html")
        assert middleware.PREFIX == "/api/"

    def test_of_an_unknown_status_is_general(self) -> None:
        assert problems.of_status(418) is problems.BAD_REQUEST
        assert problems.of_status(502) is problems.FAULT
        assert problems.of_status(403) is problems.FORBIDDEN

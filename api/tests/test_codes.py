from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import time_machine
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from api.tests.making import Program, make_token, problem
from api.tests.test_entries import ENTRIES, ApiTestCase
from audit import events
from audit.models import AuditEvent
from core import throttle
from recovery.tests import people
from vault import services as vault
from vault.models import HIGHEST_COUNTER, OtpEntry
from vault.tests.making import NOON, make_entries, make_entry

CODES = "/api/v1/codes"
# RFC 6238, appendix B: the moment, and the last six digits of its code.
MOMENT = datetime.fromtimestamp(1_234_567_890, tz=UTC)
CODE = "005924"


class CodeTests(ApiTestCase):
    def test_tells_the_code_and_the_next(self) -> None:
        entry = make_entry(self.alice)
        with time_machine.travel(MOMENT, tick=False):
            program = Program(make_token(self.alice)[1])
            told = program.get(f"{ENTRIES}/{entry.pk}/code").json()
        with time_machine.travel(MOMENT + timedelta(seconds=30), tick=False):
            later = program.get(f"{ENTRIES}/{entry.pk}/code").json()

        assert told["code"] == CODE
        assert told["valid_until"] == "2009-02-13T23:32:00Z"
        assert told["next_code"] == later["code"]

    def test_tells_all_codes_and_names_those_without(self) -> None:
        entries = make_entries(self.alice, 3)
        counter = make_entry(self.alice, 9, type="hotp")
        make_entry(self.bob, 8)
        told = self.program.get(CODES).json()

        assert {each["entry"] for each in told["items"]} == {str(row.pk) for row in entries}
        assert all(len(each["code"]) == 6 for each in told["items"])
        assert told["without_code"] == [str(counter.pk)]
        assert told["total"] == 4

    def test_filters_like_the_list_of_entries(self) -> None:
        make_entry(self.alice, 1, issuer="Bank")
        make_entry(self.alice, 2, issuer="Mail")

        told = self.program.get(CODES, q="bank").json()
        assert [each["issuer"] for each in told["items"]] == ["Bank"]

    def test_does_without_a_secret_that_cannot_be_opened(self) -> None:
        broken, whole = make_entry(self.alice, 1), make_entry(self.alice, 2)
        OtpEntry.objects.filter(pk=broken.pk).update(sealed_secret="k1:broken")

        told = self.program.get(CODES).json()
        assert [each["entry"] for each in told["items"]] == [str(whole.pk)]
        answer = self.program.get(f"{ENTRIES}/{broken.pk}/code")
        assert problem(answer) == "unreadable-secret"

    def test_asks_as_often_for_many_as_for_few(self) -> None:
        make_entries(self.alice, 2)
        self.program.get(CODES)
        with CaptureQueriesContext(connection) as few:
            self.program.get(CODES)
        for number in range(20, 50):
            make_entry(self.alice, number)
        with CaptureQueriesContext(connection) as many:
            self.program.get(CODES)

        # The token with its user, the ids, the page.
        assert len(few) == len(many) == 3

    def test_records_that_codes_were_read_once_an_hour(self) -> None:
        entry = make_entry(self.alice, 1)
        for _ in range(3):
            self.program.get(CODES)
            self.program.get(f"{ENTRIES}/{entry.pk}/code")

        event = AuditEvent.objects.get(event=events.TOKEN_READ_CODES)
        assert event.sentence == "Codes were read with the API token Script."


class CounterTests(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.entry = make_entry(self.alice, 0, type="hotp")
        self.path = f"{ENTRIES}/{self.entry.pk}/code"

    def counter(self) -> int:
        self.entry.refresh_from_db()
        return self.entry.counter

    def test_reading_uses_nothing_up(self) -> None:
        answer = self.program.get(self.path)

        assert problem(answer) == "other-kind-of-code"
        assert "POST" in answer.json()["detail"]
        assert self.counter() == 0

    def test_gives_each_code_out_once(self) -> None:
        # RFC 4226, appendix D.
        codes = [self.program.post(self.path).json()["code"] for _ in range(3)]

        assert codes == ["755224", "287082", "359152"]
        assert self.counter() == 3
        event = AuditEvent.objects.filter(event=events.HOTP_ADVANCED).first()
        assert event is not None
        assert event.browser == "API token “Script”"

    def test_uses_up_nothing_of_time_based_ones(self) -> None:
        timed = make_entry(self.alice, 5)

        answer = self.program.post(f"{ENTRIES}/{timed.pk}/code")
        assert problem(answer) == "other-kind-of-code"

    def test_stops_at_the_end_of_the_counter(self) -> None:
        OtpEntry.objects.filter(pk=self.entry.pk).update(counter=HIGHEST_COUNTER)

        assert problem(self.program.post(self.path)) == "conflict"

    def test_moves_no_counter_of_somebody_else(self) -> None:
        theirs = make_entry(self.bob, 3, type="hotp")

        assert problem(self.program.post(f"{ENTRIES}/{theirs.pk}/code")) == "not-found"
        theirs.refresh_from_db()
        assert theirs.counter == 0

    def test_knows_nothing_of_what_lies_in_the_trash(self) -> None:
        vault.trash_entry(entry=self.entry, at=NOON)

        assert problem(self.program.post(self.path)) == "not-found"


class LimitTests(ApiTestCase):
    def test_counts_each_token_by_itself(self) -> None:
        other = Program(make_token(self.alice)[1])
        answers = [self.program.get("/api/v1/token") for _ in range(121)]

        assert {each.status_code for each in answers[:120]} == {200}
        assert problem(answers[120]) == "too-many-requests"
        assert 0 < int(answers[120]["Retry-After"]) <= 60
        assert other.get("/api/v1/token").status_code == 200

    def test_stops_who_guesses(self) -> None:
        program = Program("anode_" + "A" * 43)
        answers = [program.get("/api/v1/token").status_code for _ in range(31)]

        assert answers == [401] * 30 + [429]
        # Whoever has a token is not held up by others of the same network.
        assert self.program.get("/api/v1/token").status_code == 200

    def test_refuses_when_nothing_can_be_counted(self) -> None:
        from unittest.mock import patch

        with (
            patch.object(throttle, "get_usage", side_effect=OSError),
            self.assertLogs("core.throttle", "ERROR"),
        ):
            answer = self.program.get("/api/v1/token")

        assert problem(answer) == "too-many-requests"

    @override_settings(SECOND_FACTOR="all")
    def test_holds_to_the_second_factor_that_the_site_demands(self) -> None:
        User.objects.filter(pk=self.alice.pk).update(factor_due_at=timezone.now())
        assert problem(self.program.get("/api/v1/token")) == "factor-needed"

        people.add_factor(self.alice)
        assert self.program.get("/api/v1/token").status_code == 200

    def test_tells_of_the_token_itself(self) -> None:
        row, token = make_token(self.alice, "codes:read", networks=["127.0.0.0/8"])
        told = Program(token).get("/api/v1/token").json()

        assert told["scopes"] == ["codes:read"]
        assert told["networks"] == ["127.0.0.0/8"]
        assert set(told) == {"name", "scopes", "networks", "created_at", "expires_at"}
        assert str(uuid.UUID(str(row.pk))) not in str(told)

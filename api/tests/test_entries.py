from __future__ import annotations

import json
import uuid

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from api.tests.making import Program, make_token, problem
from audit import events
from audit.models import AuditEvent
from sessions_lock.models import SessionActivity
from tests import base
from vault import services as vault
from vault.models import OtpEntry
from vault.tests.making import BASE32, NOON, SECRET, URI, make_entries, make_entry

ENTRIES = "/api/v1/entries"


class ApiTestCase(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.row, self.token = make_token(self.alice)
        self.program = Program(self.token)


class ListTests(ApiTestCase):
    def names(self, **query: str) -> list[str]:
        answer = self.program.get(ENTRIES, **query)
        assert answer.status_code == 200, answer.content
        return [each["account_name"] for each in answer.json()["items"]]

    def test_tells_everything_but_the_secret(self) -> None:
        entry = make_entry(self.alice, 0, categories=("Work",), type="hotp", counter=7)
        told = self.program.get(ENTRIES)

        item = told.json()["items"][0]
        assert item["id"] == str(entry.pk)
        assert (item["issuer"], item["type"], item["counter"]) == ("GitHub", "hotp", 7)
        assert [each["name"] for each in item["categories"]] == ["Work"]
        words = told.content.decode()
        assert BASE32 not in words
        assert SECRET.decode() not in words
        assert "k1:" not in words

    def test_goes_by_pages(self) -> None:
        make_entries(self.alice, 5)

        first = self.program.get(ENTRIES, per_page="2").json()
        assert (first["page"], first["pages"], first["total"]) == (1, 3, 5)
        assert self.names(per_page="2", page="3") == ["ada5"]
        assert self.names(per_page="2", page="4") == []

    def test_keeps_the_order_of_its_owner(self) -> None:
        rows = make_entries(self.alice, 3)
        vault.move_beside(entry=rows[2], other=rows[0], is_before=True)

        assert self.names() == ["ada3", "ada1", "ada2"]

    def test_finds_words_however_they_are_spelt(self) -> None:
        make_entry(self.alice, 1, issuer="Émile Bank", name="main")
        make_entry(self.alice, 2, issuer="Emile", name="other")

        assert self.names(q="bank emile") == ["main"]
        assert sorted(self.names(q="EMILE")) == ["main", "other"]
        assert self.names(q="nothing") == []

    def test_filters_by_category_and_favourite(self) -> None:
        row = make_entry(self.alice, 1, name="work", categories=("Work",), favourite=True)
        make_entry(self.alice, 2, name="home")
        category = str(row.categories.get().pk)

        assert self.names(category=category) == ["work"]
        assert self.names(favourite="true") == ["work"]
        assert self.names(favourite="false") == ["home"]
        assert self.names(category=str(uuid.uuid4())) == []

    def test_knows_no_category_of_somebody_else(self) -> None:
        theirs = make_entry(self.bob, 1, categories=("Work",))

        assert self.names(category=str(theirs.categories.get().pk)) == []

    def test_leaves_out_the_trash_and_other_peoples(self) -> None:
        vault.trash_entry(entry=make_entry(self.alice, 1, name="gone"), at=NOON)
        make_entry(self.bob, 2, name="theirs")
        make_entry(self.alice, 3, name="mine")

        assert self.names() == ["mine"]

    def test_asks_as_often_for_many_as_for_few(self) -> None:
        make_entries(self.alice, 2)
        self.program.get(ENTRIES)
        with CaptureQueriesContext(connection) as few:
            self.program.get(ENTRIES)
        for number in range(20, 50):
            make_entry(self.alice, number)
        with CaptureQueriesContext(connection) as many:
            self.program.get(ENTRIES)

        # The token with its user, the ids, the page, its categories.
        assert len(few) == len(many) == 4

    def test_says_what_it_does_not_understand(self) -> None:
        for query in ({"page": "0"}, {"per_page": "201"}, {"page": "x"}, {"category": "Work"}):
            assert problem(self.program.get(ENTRIES, **query)) == "not-valid"
        assert problem(self.program.get(ENTRIES, q="a\x00b")) == "not-valid"


class OneTests(ApiTestCase):
    def test_tells_of_one(self) -> None:
        entry = make_entry(self.alice, 1)

        assert self.program.get(f"{ENTRIES}/{entry.pk}").json()["id"] == str(entry.pk)

    def test_hides_somebody_elses_and_records_it(self) -> None:
        theirs = make_entry(self.bob, 1)

        for path in (f"{ENTRIES}/{theirs.pk}", f"{ENTRIES}/{theirs.pk}/code"):
            assert problem(self.program.get(path)) == "not-found"
        assert problem(self.program.get(f"{ENTRIES}/{uuid.uuid4()}")) == "not-found"
        assert problem(self.program.get(f"{ENTRIES}/x")) == "not-found"
        foreign = AuditEvent.objects.filter(event=events.FOREIGN_OBJECT, user=self.alice.pk)
        assert foreign.count() == 2


class AddingTests(ApiTestCase):
    def test_adds_the_account_of_a_link(self) -> None:
        answer = self.program.post(ENTRIES, {"uri": URI})

        assert answer.status_code == 201
        entry = OtpEntry.objects.get(owner=self.alice)
        assert (entry.issuer, entry.account_name) == ("GitHub", "ada")
        assert answer["Location"] == f"{ENTRIES}/{entry.pk}"
        assert answer.json()["entry"]["id"] == str(entry.pk)
        assert answer.json()["guards_this_site"] is False

    def test_records_which_token_did_it(self) -> None:
        self.program.post(ENTRIES, {"uri": URI})

        event = AuditEvent.objects.get(event=events.ENTRY_ADDED)
        assert (event.user, event.browser) == (self.alice.pk, "API token “Script”")

    def test_says_when_the_secret_is_there_already(self) -> None:
        entry = make_entry(self.alice)
        answer = self.program.post(ENTRIES, {"uri": URI})

        assert problem(answer) == "secret-known"
        assert answer.json()["entry"] == str(entry.pk)
        again = self.program.post(ENTRIES, {"uri": URI, "allow_duplicate": True})
        assert again.status_code == 201
        assert OtpEntry.objects.filter(owner=self.alice).count() == 2

    def test_warns_of_the_code_that_guards_this_site(self) -> None:
        from recovery.tests import people

        people.add_factor(self.alice)
        uri = "otpauth://totp/AuthNode?secret=MEQHG2DBOJSWIIDTMVRXEZLUEBXWMIBSGA"

        assert self.program.post(ENTRIES, {"uri": uri}).json()["guards_this_site"] is True

    def test_says_why_a_link_is_refused_and_repeats_none_of_it(self) -> None:
        for uri, word in (
            ("https://example.com/", "kind of code"),
            ("hello", "otpauth://"),
            ("otpauth://totp/x?secret=SECRET0189", "Base32"),
            ("otpauth://totp/x?secret=GEZDGNBV&digits=99", "digits"),
            ("otpauth-migration://offline?data=AAAA", "several accounts"),
        ):
            answer = self.program.post(ENTRIES, {"uri": uri})
            assert problem(answer) == "not-valid"
            assert word in answer.json()["detail"], answer.json()
            assert "SECRET0189" not in answer.content.decode()
        assert not OtpEntry.objects.exists()

    def test_refuses_parts_that_nobody_knows(self) -> None:
        answer = self.program.post(ENTRIES, {"uri": URI, "issuer": "Mine"})

        assert problem(answer) == "not-valid"
        assert answer.json()["errors"] == [
            {"where": "body.issuer", "problem": "Nobody knows this part."}
        ]


class ScopeTests(base.TestCase):
    def test_each_opens_its_own_and_no_more(self) -> None:
        entry = make_entry(self.alice, 1, type="hotp")
        wanted = {
            "entries:read": [("get", ENTRIES), ("get", f"{ENTRIES}/{entry.pk}")],
            "codes:read": [
                ("get", "/api/v1/codes"),
                ("get", f"{ENTRIES}/{entry.pk}/code"),
                ("post", f"{ENTRIES}/{entry.pk}/code"),
            ],
            "entries:write": [("post", ENTRIES)],
        }
        for scope in wanted:
            program = Program(make_token(self.alice, scope)[1])
            for needed, requests in wanted.items():
                for method, path in requests:
                    answer = getattr(program, method)(path)
                    is_open = not (answer.status_code == 403 and problem(answer) == "scope-missing")
                    assert is_open == (scope == needed), (scope, method, path)
                    if not is_open:
                        assert answer.json()["needs"] == needed


class SessionlessTests(ApiTestCase):
    def test_needs_a_token_whatever_cookie_comes(self) -> None:
        make_entry(self.alice, 1)
        self.sign_in_as("alice")

        for path in (ENTRIES, "/api/v1/codes", "/api/v1/token"):
            answer = self.client.get(path)
            assert problem(answer) == "token-not-valid"
            assert answer["WWW-Authenticate"].startswith("Bearer")

    def test_takes_tokens_from_the_header_alone(self) -> None:
        for headers in ({}, {"Authorization": self.token}, {"X-Api-Key": self.token}):
            answer = Client().get(ENTRIES, {"token": self.token}, headers=headers)
            assert problem(answer) == "token-not-valid"

    def test_makes_no_session_and_sets_no_cookie(self) -> None:
        before = SessionActivity.objects.count()
        answer = self.program.get(ENTRIES)

        assert not answer.cookies
        assert SessionActivity.objects.count() == before

    def test_does_not_keep_the_session_of_a_cookie_alive(self) -> None:
        self.sign_in_as("alice")
        before = SessionActivity.objects.filter(user=self.alice).get()
        SessionActivity.objects.update(last_activity_at=NOON)
        answer = self.client.get(ENTRIES, headers={"Authorization": f"Bearer {self.token}"})

        after = SessionActivity.objects.get(pk=before.pk)
        assert answer.status_code == 200
        assert after.last_activity_at == NOON
        assert after.lock_deadline == before.lock_deadline
        assert not answer.cookies

    def test_opens_no_page(self) -> None:
        answer = self.program.client.get("/trash/", headers=self.program.headers)

        assert answer["Location"].startswith("/sign-in/")

    def test_answers_no_other_site(self) -> None:
        headers = {**self.program.headers, "Origin": "https://evil.example"}
        answer = self.program.client.get(ENTRIES, headers=headers)
        assert "Access-Control-Allow-Origin" not in answer
        preflight = self.program.client.options(ENTRIES, headers={"Origin": "https://evil.example"})
        assert preflight.status_code == 405

    def test_is_never_stored(self) -> None:
        answer = self.program.get(ENTRIES)

        assert answer["Cache-Control"] == "no-store"
        assert json.loads(answer.content)["items"] == []

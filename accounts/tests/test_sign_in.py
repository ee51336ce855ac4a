from __future__ import annotations

from datetime import timedelta

import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import PendingSignIn, User
from audit.models import AuditEvent
from sessions_lock.models import SessionActivity
from tests import base


class SignInPageTests(base.TestCase):
    def test_has_a_password_field_without_a_name(self) -> None:
        page = self.client.get("/sign-in/").content.decode()

        field = page[page.index('id="id_password"') - 60 : page.index('id="id_password"') + 200]
        assert 'type="password"' in field
        assert "name=" not in field

    def test_sends_a_signed_in_person_on(self) -> None:
        self.sign_in_as("alice")

        assert self.client.get("/sign-in/").headers["Location"] == "/"

    def test_says_what_is_missing_without_javascript(self) -> None:
        self.assertContains(self.client.get("/sign-in/"), "This page needs JavaScript")

    def test_answers_405_to_other_methods(self) -> None:
        assert self.client.put("/sign-in/").status_code == 405
        assert self.client.get("/sign-in/parameters/").status_code == 405
        assert self.client.get("/sign-out/").status_code == 405


class SignInTests(base.TestCase):
    def test_leads_to_the_codes(self) -> None:
        response = base.sign_in(self.client, "alice")

        assert response.headers["Location"] == "/"
        assert self.client.get("/settings/").status_code == 200

    def test_reads_the_address_in_any_case(self) -> None:
        base.sign_in(self.client, "alice", email="  ALICE@Example.COM ")

        assert self.client.get("/settings/").status_code == 200

    def test_leads_back_only_to_pages_of_this_site(self) -> None:
        wanted = {
            "/activity/": "/activity/",
            "https://evil.example/": "/",
            "//evil.example/": "/",
            "/\\evil.example": "/",
            "javascript:alert(1)": "/",
        }
        for next_url, destination in wanted.items():
            response = base.sign_in(Client(), "alice", next=next_url)
            assert response.headers["Location"] == destination, next_url

    def test_starts_a_session_under_a_new_key(self) -> None:
        self.client.get("/sign-up/account/")
        session = self.client.session
        session["anonymous"] = True
        session.save()
        self.client.cookies["session"] = session.session_key or ""
        before = session.session_key

        base.sign_in(self.client, "alice")

        assert self.client.cookies["session"].value != before
        late = Client()
        late.cookies["session"] = before or ""
        assert late.get("/settings/").status_code == 302

    def test_keeps_how_and_when_it_was_proven(self) -> None:
        self.sign_in_as("alice")

        session = self.client.session
        assert session["amr"] == ["pwd"]
        assert abs(session["proven_at"] - timezone.now().timestamp()) < 60
        row = SessionActivity.objects.get(user=self.alice)
        assert (row.amr, row.address) == (["pwd"], "127.0.0.1")

    def test_completes_the_pending_sign_in_once(self) -> None:
        self.sign_in_as("alice")

        assert PendingSignIn.objects.get().completed_at is not None
        assert "pending_sign_in" not in self.client.session

    def test_records_the_start(self) -> None:
        self.sign_in_as("alice")

        assert AuditEvent.objects.filter(user=self.alice.id, event="session.started").count() == 1

    def test_tells_of_a_browser_that_is_new_and_only_then(self) -> None:
        self.sign_in_as("alice")
        self.sign_in_as("alice", Client())

        assert self.alice.notifications.filter(kind="new_sign_in").count() == 1

    def test_sends_an_account_without_a_slot_to_make_its_vault_key(self) -> None:
        base.make_user("dora", with_slot=False)

        response = base.sign_in(self.client, "dora", next="/activity/")

        assert response.headers["Location"] == "/settings/security/vault-key/"


class RefusalTests(base.TestCase):
    def refused(self, **changes: str) -> str:
        response = base.sign_in(Client(), "alice", **changes)
        assert response.status_code == 422
        return response.content.decode()

    def test_refuses_a_wrong_password(self) -> None:
        page = self.refused(auth_secret=base.posted_secret("bob"))

        assert "do not belong together" in page

    def test_answers_known_and_unknown_addresses_with_the_same_bytes(self) -> None:
        known = self.refused(auth_secret=base.posted_secret("bob"))
        unknown = self.refused(
            email="nobody@example.com", auth_secret=base.posted_secret("bob")
        ).replace("nobody@example.com", "alice@example.com")

        assert _without_tokens(known) == _without_tokens(unknown)

    def test_asks_the_database_as_much_for_unknown_addresses(self) -> None:
        wrong = {"auth_secret": base.posted_secret("bob")}
        self.refused(**wrong)
        with CaptureQueriesContext(connection) as known:
            self.refused(**wrong)
        self.refused(email="nobody@example.com", **wrong)
        with CaptureQueriesContext(connection) as unknown:
            self.refused(email="nobody@example.com", **wrong)

        assert len(known) == len(unknown)

    def test_refuses_an_inactive_user_like_a_wrong_password(self) -> None:
        User.objects.filter(pk=self.alice.pk).update(is_active=False)

        assert "do not belong together" in self.refused()

    def test_refuses_a_raw_password_unseen(self) -> None:
        for raw in ("correct horse battery staple", "", "A" * 44, "é" * 43):
            with self.assertNoLogs(level="INFO"):
                page = self.refused(auth_secret=raw)
            assert "before it had turned your password into keys" in page
            assert raw == "" or raw not in page
        assert (
            not AuditEvent.objects.exclude(user=None).filter(event__startswith="session").exists()
        )

    def test_locks_out_after_ten_failures_and_says_for_how_long(self) -> None:
        for _ in range(10):
            self.refused(auth_secret=base.posted_secret("bob"))

        assert "Wait 15 minutes" in self.refused()
        assert "Wait 15 minutes" in self.refused(email="Alice@example.com")

    def test_locks_out_unknown_addresses_alike(self) -> None:
        for _ in range(10):
            self.refused(email="nobody@example.com")

        assert "Wait 15 minutes" in self.refused(email="nobody@example.com")

    def test_does_not_lock_out_the_owner_on_another_network(self) -> None:
        for _ in range(10):
            self.refused(auth_secret=base.posted_secret("bob"))

        response = base.sign_in(Client(REMOTE_ADDR="198.51.100.9"), "alice")
        assert response.status_code == 302

    def test_throttles_one_network(self) -> None:
        # The minute that is counted must not turn while a busy machine is at it.
        with time_machine.travel(timezone.now(), tick=False):
            statuses = {
                base.sign_in(Client(), "nobody", email=f"n{n}@example.com").status_code
                for n in range(61)
            }

        assert statuses == {422, 429}


class SignOutTests(base.TestCase):
    def test_ends_the_session_for_good(self) -> None:
        self.sign_in_as("alice")
        key = self.client.cookies["session"].value

        response = self.client.post("/sign-out/")

        assert response.headers["Clear-Site-Data"] == '"cache"'
        thief = Client()
        thief.cookies["session"] = key
        assert thief.get("/settings/").status_code == 302
        assert SessionActivity.objects.get(user=self.alice).ended_reason == "signed out"

    def test_needs_no_session(self) -> None:
        assert self.client.post("/sign-out/").status_code == 302


class ClosedByDefaultTests(base.TestCase):
    def test_asks_for_a_sign_in(self) -> None:
        for path in (
            "/settings/",
            "/settings/security/password/",
            "/settings/delete/",
            "/confirm/",
        ):
            assert self.client.get(path).headers["Location"].startswith("/sign-in/?next=")

    def test_tells_a_page_that_asks_by_itself(self) -> None:
        response = self.client.get("/settings/", headers={"X-Background": "1"})

        assert response.status_code == 401
        assert response.json() == {"signed_in": False}

    def test_has_no_sign_in_of_the_administration(self) -> None:
        assert self.client.get("/admin/").headers["Location"] == "/admin/login/?next=/admin/"
        response = self.client.post("/admin/login/", {"username": "x", "password": "y"})
        assert response.headers["Location"] == "/sign-in/?next=%2Fadmin%2F"

    def test_does_not_let_others_into_the_administration(self) -> None:
        self.sign_in_as("alice")

        response = self.client.get("/admin/", follow=True)

        assert response.request["PATH_INFO"] == "/"

    def test_lets_operators_into_the_administration(self) -> None:
        self.sign_in_as("charlie")

        assert self.client.get("/admin/").status_code == 200
        for path in ("accounts/user/", "accounts/signuptoken/"):
            assert self.client.get(f"/admin/{path}").status_code == 200


class ExpiryTests(base.TestCase):
    def test_ends_with_the_absolute_deadline(self) -> None:
        self.sign_in_as("alice")
        SessionActivity.objects.update(absolute_deadline=timezone.now() - timedelta(seconds=1))

        assert self.client.get("/settings/").status_code == 302

    def test_ends_when_the_credentials_change(self) -> None:
        self.sign_in_as("alice")
        user = User.objects.get(pk=self.alice.pk)
        user.set_auth_secret(b"n" * 32, salt=user.salt, iterations=user.kdf_iterations)
        user.save()

        assert self.client.get("/settings/").status_code == 302


def _without_tokens(page: str) -> str:
    parts = page.split('name="csrfmiddlewaretoken" value="')
    kept = [parts[0], *(part[64:] for part in parts[1:])]
    text = "".join(kept)
    head, _, tail = text.partition('data-csrf="')
    return head + tail[64:]

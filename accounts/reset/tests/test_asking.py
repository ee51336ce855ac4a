from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.core import mail
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import PasswordReset, User
from accounts.reset import asking
from accounts.reset.tests.links import issue, open_link, pass_time, token_of_mail
from accounts.totp.tests.test_totp import enrol
from audit.models import AuditEvent
from jobs.models import Job
from tests import base


class AskingTests(base.TestCase):
    def ask(self, email: str) -> Any:
        with self.captureOnCommitCallbacks(execute=True):
            return self.client.post("/reset/request/", {"email": email})

    def test_mails_a_link_and_keeps_only_its_hash(self) -> None:
        self.ask("ALICE@example.com")

        token = token_of_mail("alice@example.com")
        row = PasswordReset.objects.get()
        assert row.user == self.alice
        assert token not in str(vars(row))
        assert AuditEvent.objects.filter(event="reset.link_mailed", user=self.alice.id).exists()

    def test_answers_known_and_unknown_addresses_alike(self) -> None:
        User.objects.filter(pk=self.charlie.pk).update(is_active=False)
        enrol(self.bob)
        seen = [self.watch(name) for name in ("alice", "bobbi", "nobod", "charlie")]
        seen += [self.watch(name, email=f"{name}@example.com") for name in ("bob",)]

        assert len(set(seen)) == 1

    def watch(self, name: str, email: str | None = None) -> tuple[Any, ...]:
        """Body, status, statements and rows of one question, without the name itself."""
        email = email or f"{name}@example.com"
        before = (Job.objects.count(), AuditEvent.objects.count())
        with CaptureQueriesContext(connection) as queries:
            response = Client().post("/reset/request/", {"email": email})
        after = (Job.objects.count(), AuditEvent.objects.count())
        body = re.sub(r'data-csrf="\w+"', "", response.content.decode()).replace(email, "")
        rows = tuple(new - old for new, old in zip(after, before, strict=True))
        statements = tuple(re.sub(r"'[^']*'|\d+", "", query["sql"]) for query in queries)
        return body, response.status_code, statements, rows, PasswordReset.objects.count()

    def test_writes_nobody_who_has_no_account(self) -> None:
        self.ask("nobody@example.com")

        assert mail.outbox == []
        assert Job.objects.get().state == Job.State.DONE

    def test_mails_an_address_three_times_an_hour_at_most(self) -> None:
        for email in ("alice@example.com", "nobody@example.com"):
            statuses = [self.ask(email).status_code for _ in range(4)]
            assert statuses == [200, 200, 200, 429]

    def test_answers_alike_while_the_mail_server_is_away(self) -> None:
        with patch("django.core.mail.EmailMessage.send", side_effect=OSError):
            assert self.ask("alice@example.com").status_code == 200
        mails = Job.objects.filter(kind="mail")
        assert set(mails.values_list("state", flat=True)) == {Job.State.WAITING}

    def test_gives_no_password_to_who_has_none(self) -> None:
        self.alice.set_unusable_password()
        self.alice.save()

        self.ask("alice@example.com")

        assert mail.outbox == []

    def test_withdraws_the_earlier_link(self) -> None:
        enrol(self.alice)
        first, second = issue(self.alice), issue(self.alice)

        assert open_link(Client(), first).status_code == 410
        assert open_link(Client(), second).status_code == 302

    def test_does_not_make_the_owner_wait_anew(self) -> None:
        issue(self.alice)
        before = PasswordReset.objects.get()
        pass_time(self.alice, timedelta(hours=23))
        issue(self.alice)

        row = PasswordReset.objects.get()
        assert row.usable_from == before.usable_from - timedelta(hours=23)

    @override_settings(MAIL_IS_CONFIGURED=False)
    def test_says_that_the_site_sends_no_mail(self) -> None:
        self.assertContains(self.client.get("/reset/"), "sends no mail")
        assert self.ask("alice@example.com").status_code == 422
        self.assertNotContains(self.client.get("/sign-in/"), "Forgot your password?")

    def test_is_linked_from_the_sign_in(self) -> None:
        self.assertContains(self.client.get("/sign-in/"), 'href="/reset/"')

    def test_refuses_what_is_no_address(self) -> None:
        self.assertContains(self.ask("nonsense"), "name@example.com", status_code=422)


class NoMailTests(base.TestCase):
    @override_settings(MAIL_IS_CONFIGURED=False)
    def test_cannot_be_asked(self) -> None:
        with pytest.raises(asking.NoMail):
            asking.ask(email="a@example.com", address="", browser="", at=timezone.now())

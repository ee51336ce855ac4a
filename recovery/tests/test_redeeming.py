from __future__ import annotations

import re
from datetime import timedelta
from unittest.mock import patch
from uuid import uuid4

from django.db import OperationalError, connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import PendingSignIn, User
from accounts.reset import asking
from accounts.tests import fakes
from audit.models import AuditEvent
from core import allowances
from recovery import services as recovery
from recovery.models import RecoveryCode
from recovery.tests import people
from sessions_lock.models import SessionActivity
from tests import base

RESET = "/reset/backup-code/"
ENROL = "/settings/security/enrol/"
# What reveals, removes or hands out. The rows need not exist: the guard comes first.
GUARDED = (
    f"/settings/security/apps/{uuid4()}/remove/",
    f"/settings/security/passkeys/{uuid4()}/remove/",
    f"/settings/security/keys/{uuid4()}/remove/",
    "/settings/security/keys/",
    "/settings/security/keys/replace/",
    "/settings/delete/",
    people.INVALIDATE,
)


def without_tokens(content: bytes) -> str:
    return re.sub(r'csrf(middlewaretoken" value)?="[^"]+"', "", content.decode())


class RedeemingTestCase(base.TestCase):
    codes: tuple[str, ...]

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        for person in (cls.alice, cls.bob):
            people.add_factor(person)
        cls.codes = people.make_codes(cls.alice)

    def used(self) -> int:
        return RecoveryCode.objects.exclude(used_at=None).count()


class PresentTests(RedeemingTestCase):
    def test_signs_in_and_leads_to_a_new_factor(self) -> None:
        response = people.show(self.client, "alice", self.codes[0].lower())

        self.assertRedirects(response, "/settings/security/enrol/")
        assert self.client.session["amr"] == ["pwd", "recovery"]
        code = RecoveryCode.objects.exclude(used_at=None).get()
        assert code.used_address == "127.0.0.1"

    def test_is_offered_beside_the_other_factor(self) -> None:
        base.sign_in(self.client, "alice")

        self.assertContains(self.client.get("/sign-in/code/"), people.PRESENT)
        self.assertContains(self.client.get(people.PRESENT), "/sign-in/code/")
        base.sign_in(self.client, "bob")
        self.assertNotContains(self.client.get("/sign-in/code/"), people.PRESENT)

    def test_needs_a_pending_sign_in(self) -> None:
        for response in (self.client.get(people.PRESENT), self.client.post(people.PRESENT)):
            self.assertRedirects(response, "/sign-in/")

    def test_answers_every_refusal_with_the_same_bytes(self) -> None:
        foreign = people.make_codes(self.bob)[0]
        older, self.codes = self.codes[0], people.make_codes(self.alice)
        recovery.consume(recovery.verify(self.alice.pk, typed=self.codes[0]), at=timezone.now())
        answers = set()
        for typed in (people.WRONG, self.codes[0], older, foreign, "", "0" * 100, "nonsense"):
            response = people.show(Client(REMOTE_ADDR="192.0.2.1"), "alice", typed)
            answers.add((response.status_code, without_tokens(response.content)))
            allowances.forget_free(at=timezone.now() + timedelta(hours=2))

        assert len(answers) == 1
        assert next(iter(answers))[0] == 422

    def test_does_the_same_work_for_every_refusal(self) -> None:
        recovery.consume(recovery.verify(self.alice.pk, typed=self.codes[0]), at=timezone.now())
        asked = set()
        cases = (("alice", people.WRONG), ("alice", self.codes[0]), ("bob", people.WRONG))
        for number, (name, typed) in enumerate(cases):
            client = Client(REMOTE_ADDR=f"192.0.2.{number}")
            base.sign_in(client, name)
            with CaptureQueriesContext(connection) as queries:
                client.post(people.PRESENT, {"code": typed})
            asked.add(len(queries))

        assert len(asked) == 1

    def test_never_repeats_what_was_typed(self) -> None:
        response = people.show(self.client, "alice", people.WRONG)

        self.assertNotContains(response, people.WRONG, status_code=422)

    def test_records_why_and_never_what(self) -> None:
        people.show(self.client, "alice", people.WRONG)

        event = AuditEvent.objects.get(event="recovery.refused")
        assert event.user == self.alice.pk
        assert event.facts == {"factor": "recovery", "reason": "code wrong"}
        assert people.WRONG[:5] not in str(event.details)

    def test_refuses_a_code_that_lost_a_race_like_a_used_one(self) -> None:
        used = people.show(self.client, "alice", people.WRONG)
        code_id = recovery.verify(self.alice.pk, typed=self.codes[0])
        recovery.consume(code_id, at=timezone.now())
        with patch("recovery.services.verify", return_value=code_id):
            lost = people.show(Client(), "alice", self.codes[0])

        assert lost.status_code == 422
        assert without_tokens(lost.content) == without_tokens(used.content)
        assert PendingSignIn.objects.order_by("-created_at")[0].proofs == []
        assert not SessionActivity.objects.filter(user=self.alice).exists()

    def test_takes_another_code_after_a_lost_race(self) -> None:
        code_id = recovery.verify(self.alice.pk, typed=self.codes[0])
        recovery.consume(code_id, at=timezone.now())
        with patch("recovery.services.verify", return_value=code_id):
            people.show(self.client, "alice", self.codes[0])
        response = self.client.post(people.PRESENT, {"code": self.codes[1]})

        self.assertRedirects(response, "/settings/security/enrol/")

    @override_settings(SIGN_IN_CHECKS=["accounts.tests.fakes.doubt"])
    def test_stays_unused_when_a_later_check_refuses(self) -> None:
        self.addCleanup(setattr, fakes.doubt, "url", None)
        fakes.doubt.url = "/offline/"

        response = people.show(self.client, "alice", self.codes[0])

        self.assertRedirects(response, "/offline/")
        assert self.used() == 0

    def test_stays_unused_when_the_account_is_switched_off(self) -> None:
        base.sign_in(self.client, "alice")
        User.objects.filter(pk=self.alice.pk).update(is_active=False)
        self.client.post(people.PRESENT, {"code": self.codes[0]})

        assert self.used() == 0


class LimitTests(RedeemingTestCase):
    def test_lets_five_attempts_an_hour_through_from_one_network(self) -> None:
        for number in range(5):
            client = Client(REMOTE_ADDR=f"192.0.2.{7}")
            assert people.show(client, "alice", people.WRONG).status_code == 422, number

        response = people.show(Client(REMOTE_ADDR="192.0.2.7"), "alice", self.codes[0])
        assert response.status_code == 429
        self.assertContains(response, "Too many codes were tried", status_code=429)
        assert self.used() == 0

    def test_counts_a_64_as_one_network_and_successes_too(self) -> None:
        statuses = []
        for number, code in enumerate(self.codes[:6]):
            client = Client(REMOTE_ADDR=f"2001:db8::{number + 1}")
            statuses.append(people.show(client, "alice", code).status_code)

        assert statuses == [302] * 5 + [429]
        assert self.used() == 5

    def test_lets_ten_attempts_an_hour_through_for_one_user(self) -> None:
        statuses = [
            people.show(Client(REMOTE_ADDR=f"198.51.100.{n}"), "alice", people.WRONG).status_code
            for n in range(11)
        ]

        assert statuses == [422] * 10 + [429]
        refusals = AuditEvent.objects.filter(event="recovery.refused")
        assert refusals.filter(facts__reason="too many codes").count() == 1

    def test_refuses_when_attempts_cannot_be_counted(self) -> None:
        base.sign_in(self.client, "alice")
        away = OperationalError("connection refused")
        with patch("core.allowances.claim", side_effect=away), self.assertLogs("core.middleware"):
            response = self.client.post(people.PRESENT, {"code": self.codes[0]})

        assert response.status_code == 503
        assert self.used() == 0


class RestrictionTests(RedeemingTestCase):
    def setUp(self) -> None:
        super().setUp()
        people.show(self.client, "alice", self.codes[0])

    def test_leads_from_guarded_pages_to_a_factor(self) -> None:
        for path in GUARDED:
            self.assertRedirects(self.client.get(path), ENROL)
            self.assertRedirects(self.client.post(path), ENROL)
        self.assertRedirects(self.client.post(people.NEW, {"replaces": ""}), ENROL)
        secret = f"/entries/{uuid4()}/secret/"
        self.assertRedirects(self.client.get(secret), ENROL)
        self.assertRedirects(self.client.post(f"{secret}reveal/"), ENROL)

    def test_stays_closed_after_the_password_was_confirmed(self) -> None:
        self.client.post("/confirm/", {"auth_secret": base.posted_secret("alice")})

        assert self.client.session["amr"] == ["pwd", "recovery"]
        self.assertRedirects(self.client.get(GUARDED[0]), ENROL)

    def test_says_so_on_every_page(self) -> None:
        self.assertContains(self.client.get("/"), "You signed in with a backup sign-in code")

    def test_lets_a_factor_be_added_or_shown(self) -> None:
        response = self.client.get("/settings/security/enrol/")

        self.assertContains(response, "/confirm/code/")
        assert self.client.get("/settings/security/apps/add/").status_code == 200

    def test_ends_with_a_real_factor(self) -> None:
        base.show_factor(self.client)

        assert self.client.get("/settings/delete/").status_code == 200
        self.assertNotContains(self.client.get("/"), "You signed in with a backup sign-in code")


class ResetTests(RedeemingTestCase):
    def open_link(self) -> None:
        where = {"address": "192.0.2.1", "browser": "Firefox on Linux"}
        with patch("accounts.reset.asking.secrets.token_urlsafe", return_value="t" * 43):
            asking.issue(self.alice, where=where, at=timezone.now())
        self.client.post("/reset/link/", {"token": "t" * 43})

    def test_needs_an_opened_link(self) -> None:
        response = self.client.post(RESET, {"code": self.codes[0]})

        self.assertRedirects(response, "/reset/password/", fetch_redirect_response=False)
        assert self.used() == 0

    def test_is_shown_instead_of_another_factor_and_not_used_up_yet(self) -> None:
        self.open_link()
        self.assertContains(self.client.get("/reset/code/"), RESET)
        refused = self.client.post(RESET, {"code": people.WRONG})
        response = self.client.post(RESET, {"code": self.codes[0]})

        assert refused.status_code == 422
        self.assertRedirects(response, "/reset/password/")
        assert self.used() == 0

    def test_is_used_up_when_the_password_is_set(self) -> None:
        self.open_link()
        self.client.post(RESET, {"code": self.codes[0]})
        slot = base.slot_for("new", self.alice.id)
        form = {
            "new_auth_secret": base.posted_secret("new"),
            "password_slot": base.posted_slot(slot),
        }
        response = self.client.post("/reset/password/", form)

        assert response.status_code == 302, response.content.decode()
        assert self.used() == 1

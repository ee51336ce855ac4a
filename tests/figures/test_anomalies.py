"""Unusual sign-ins under real concurrency, through years of sign-ins, and without their helpers."""

from __future__ import annotations

import hmac
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from django.core import mail
from django.db import connection
from django.test import Client, override_settings
from django.utils import timezone

from anomalies import cases, grants, mailed_codes, rules
from anomalies.models import LoginAttempt, MailedCode, PasswordDemand, ReviewCase, SignInGrant
from anomalies.tests import people, places
from audit.models import AuditEvent
from bench import simulator
from notifications.models import Notification
from tests import base
from tests.figures import rounds
from tests.figures.test_foundation import say

pytestmark = pytest.mark.figures
AT_ONCE = 12
POSTS_AT_ONCE = rounds(12, 50)
COMPARE = hmac.compare_digest


def at_once(deed: Callable[[int], bool]) -> int:
    """How many of many that start at the same moment succeed."""
    start = threading.Barrier(AT_ONCE)

    def run(number: int) -> bool:
        try:
            start.wait(timeout=60)
            return deed(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(pool.map(run, range(AT_ONCE)))


def at_once_from(client: Client, url: str, post: dict[str, str], *, times: int) -> list[int]:
    """The statuses of many posts of one browser at the same moment."""
    start = threading.Barrier(times)
    answers: list[int] = []

    def run(_: int) -> None:
        again = Client()
        again.defaults.update(client.defaults)
        for name in ("session", "browser"):
            if name in client.cookies:
                again.cookies[name] = client.cookies[name].value
        try:
            start.wait(timeout=60)
            answers.append(again.post(url, post).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        list(pool.map(run, range(times)))
    return answers


class RaceFigures(base.TransactionTestCase):
    def test_a_grant_lets_one_sign_in_through(self) -> None:
        failures, total = 0, rounds(3, 100)
        for _ in range(total):
            now = timezone.now()
            row = SignInGrant.objects.create(
                user=self.alice,
                attempt=people.make_attempt(self.alice),
                browser_key=uuid4().hex,
                created_at=now,
                approved_at=now,
                expires_at=now + timedelta(days=1),
            )

            def claim(_: int, row: SignInGrant = row) -> bool:
                return grants.claim(
                    self.alice, row.browser_key, pending_id=uuid4(), at=timezone.now()
                )

            failures += at_once(claim) != 1
        say("grants used more than once, or never", failures, total)

    def test_a_case_is_decided_once(self) -> None:
        failures, total = 0, rounds(3, 50)
        for _ in range(total):
            attempt = people.make_attempt(self.alice, level="high", score=80)
            case = cases.file(attempt, at=timezone.now())
            assert case is not None

            def decide(_: int, case: ReviewCase = case) -> bool:
                try:
                    cases.confirm_compromise(
                        case.pk, by=self.charlie, reason="x", at=timezone.now()
                    )
                except cases.CaseClosed:
                    return False
                return True

            failures += at_once(decide) != 1
        told = Notification.objects.filter(kind="account_closed_until_new_password").count()
        recorded = AuditEvent.objects.filter(event="account.compromised").count()
        assert (told, recorded) == (total, total)
        assert PasswordDemand.objects.count() == 1
        say("cases decided more than once, or never", failures, total)

    def operator(self) -> Client:
        client = Client()
        base.sign_in(client, "charlie")
        base.show_factor(client)
        return client

    def test_a_double_click_decides_a_case_once(self) -> None:
        """The same through the page, as an impatient operator does it."""
        client = self.operator()
        failures, total = 0, rounds(1, 20)
        for number in range(1, total + 1):
            attempt = people.make_attempt(self.alice, level="high", score=80)
            case = cases.file(attempt, at=timezone.now())
            assert case is not None
            url = f"/admin/anomalies/reviewcase/{case.pk}/decide/safe/"
            answers = at_once_from(client, url, {"reason": "She rang."}, times=AT_ONCE)
            recorded = AuditEvent.objects.filter(event="admin.case_marked_safe").count()
            failures += set(answers) != {302} or recorded != number
        say("double clicks that decided a case more than once, or never", failures, total)

    def test_a_held_sign_in_is_approved_once(self) -> None:
        failures, total = 0, rounds(3, 50)
        for _ in range(total):
            row = grants.hold(
                people.make_attempt(self.alice, browser_key=uuid4().hex),
                self.alice,
                opens_by_itself=True,
                at=timezone.now(),
            )

            def approve(_: int, row: SignInGrant = row) -> bool:
                try:
                    grants.approve(row.pk, reason="x", by="y", at=timezone.now())
                except grants.NothingToApprove:
                    return False
                return True

            failures += at_once(approve) != 1
        assert Notification.objects.filter(kind="sign_in_approved").count() == total
        assert AuditEvent.objects.filter(event="session.approved").count() == total
        say("held sign-ins approved more than once, or never", failures, total)

    def test_a_browser_is_held_once_however_often_it_asks(self) -> None:
        failures, total = 0, rounds(2, 20)
        for _ in range(total):
            key, attempts = uuid4().hex, [people.make_attempt(self.alice) for _ in range(AT_ONCE)]
            for attempt in attempts:
                attempt.browser_key = key

            def hold(number: int, attempts: list[LoginAttempt] = attempts) -> bool:
                row = grants.hold(
                    attempts[number], self.alice, opens_by_itself=True, at=timezone.now()
                )
                return row.attempt_id == attempts[number].pk

            failures += at_once(hold) != 1
        say("browsers with more than one held sign-in", failures, total)

    def test_a_mailed_code_takes_five_tries_and_one_use(self) -> None:
        failures, total = 0, rounds(3, 50)
        for number in range(total):
            now, subject = timezone.now() + timedelta(hours=number), uuid4()
            mailed_codes.send(self.alice, subject=subject, browser_key="here", at=now)
            seen: list[str] = []

            def spied(one: Any, other: Any, seen: list[str] = seen) -> bool:
                if isinstance(one, str) and len(one) == 64:
                    seen.append(one)
                return COMPARE(one, other)

            def guess(number: int, subject: Any = subject, now: Any = now) -> bool:
                try:
                    mailed_codes.redeem(
                        self.alice,
                        subject=subject,
                        browser_key="here",
                        typed=f"{number:08}",
                        at=now,
                    )
                except mailed_codes.CodeRefused:
                    return False
                return True

            with mock.patch("hmac.compare_digest", spied):
                at_once(guess)
            failures += len(seen) > 5
            assert MailedCode.objects.get(subject=subject).tries_left == 0
        say("codes compared more than five times", failures, total)


class PostedCodeFigures(people.TransactionTestCase):
    """The code by mail through its page, fifty times at the same moment."""

    def pending(self) -> Client:
        """A sign-in from far away that waits for its code."""
        LoginAttempt.objects.all().delete()
        self.prove_address(self.alice)
        self.settle_in("alice")
        client, response = self.come("alice", people.AWAY)
        assert response.headers["Location"] == people.VERIFY
        client.post(f"{people.MAIL}send/")
        return client

    def test_of_many_wrong_codes_five_are_looked_at(self) -> None:
        seen: list[str] = []
        client = self.pending()

        def spied(one: Any, other: Any) -> bool:
            if isinstance(one, str) and len(one) == 64 and one == row.code_hash:
                seen.append(one)
            return COMPARE(one, other)

        row = MailedCode.objects.get()
        with mock.patch("hmac.compare_digest", spied):
            answers = at_once_from(client, people.MAIL, {"code": "00000000"}, times=POSTS_AT_ONCE)

        assert set(answers) <= {422, 429}
        assert 1 <= len(seen) <= mailed_codes.TRIES
        assert client.get("/activity/").status_code == 302
        say("wrong codes looked at beyond five", max(0, len(seen) - 5), POSTS_AT_ONCE)

    def test_the_right_code_starts_one_session(self) -> None:
        client = self.pending()
        # Here transactions are real, and the mail has been sent.
        found = [re.search(r"\b(\d{4}) (\d{4})\b", str(sent.body)) for sent in mail.outbox]
        code = next(match[1] + match[2] for match in reversed(found) if match)

        answers = at_once_from(client, people.MAIL, {"code": code}, times=POSTS_AT_ONCE)

        assert set(answers) <= {302, 422, 429}
        started = LoginAttempt.objects.filter(outcome="signed in", further="mail").count()
        recorded = AuditEvent.objects.filter(event="session.started", user=self.alice.pk)
        assert (started, recorded.count()) == (1, 2)
        say("codes that started another number of sessions than one", started - 1, POSTS_AT_ONCE)


def test_few_are_asked_needlessly_and_thieves_from_afar_are_caught() -> None:
    people_of_each_kind = rounds(12, 2500)
    limits = rules.Thresholds()

    tallies = {
        kind: simulator.run(kind, range(people_of_each_kind), limits=limits)
        for kind in simulator.KINDS
    }

    print("\n" + "\n".join(simulator.table(tallies)))
    for kind, tally in tallies.items():
        assert tally.asked_each_quarter() <= 1, kind
        assert tally.thefts > people_of_each_kind
        assert tally.share_caught() >= 0.95, kind
        assert tally.percentile(0.95) <= 1, kind
        # Of somebody who takes up two VPN providers within a quarter: one question each.
        assert tally.most_in_a_quarter() <= 2, kind


class OutageFigures(people.TestCase):
    """Each helper away in turn: nobody gets in who should not, and nothing is a fault of ours."""

    def away_from_home(self) -> Any:
        self.settle_in("alice")
        return self.come("alice", people.AWAY)

    def test_without_mail_the_further_proof_waits(self) -> None:
        self.prove_address(self.alice)
        with mock.patch("django.core.mail.message.EmailMessage.send", side_effect=OSError):
            client, response = self.away_from_home()
            assert response.headers["Location"] == people.VERIFY
            assert client.post(f"{people.MAIL}send/").status_code == 302
        assert client.get(people.MAIL).status_code == 200
        assert client.get("/activity/").status_code == 302

    @override_settings(MAIL_IS_CONFIGURED=False)
    def test_without_a_mail_server_the_sign_in_is_held(self) -> None:
        self.prove_address(self.alice)

        _, response = self.away_from_home()

        assert response.headers["Location"] == people.HELD

    def test_without_the_cache_nobody_is_let_in(self) -> None:
        self.prove_address(self.alice)
        client, _ = self.away_from_home()
        client.post(f"{people.MAIL}send/")
        code = people.mailed_code()

        with mock.patch("core.throttle.get_usage", side_effect=ConnectionError):
            for path in ("", "mail/send/", "hold/"):
                if path:
                    assert client.post(f"{people.VERIFY}{path}").status_code == 429
            assert client.post(people.MAIL, {"code": code}).status_code == 429
            assert self.come("alice", people.HOME)[1].status_code == 429
        assert client.get("/activity/").status_code == 302

    def test_with_damaged_databases_other_rules_hold(self) -> None:
        self.settle_in("alice")
        for number in range(6):
            Client(HTTP_X_FORWARDED_FOR=people.HOME).post(
                "/sign-in/", {"email": f"{number}@example.com", "auth_secret": "A" * 43}
            )
        with override_settings(
            GEOIP_CITY_DATABASE=__file__, GEOIP_ASN_DATABASE="/nowhere/asn.mmdb"
        ):
            _, response = self.come("alice", people.HOME)

        assert response.headers["Location"] == "/"
        row = people.newest()
        assert (row.score, row.place) == (55, "")
        assert row.unevaluated["new_country"] == "country"

    def test_with_a_database_that_raises_nothing_breaks(self) -> None:
        with mock.patch("maxminddb.open_database", side_effect=RuntimeError):
            with override_settings(GEOIP_CITY_DATABASE=places.databases()["GEOIP_ASN_DATABASE"]):
                _, response = self.come("bob", people.HOME)

        assert response.headers["Location"] == "/"

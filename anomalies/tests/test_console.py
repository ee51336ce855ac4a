"""What runs without a browser: commands, tasks, and the memory that a replay keeps."""

from __future__ import annotations

import random
import tempfile
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import timezone

from anomalies import (
    facts,
    geo_watch,
    hosting,
    recording,
    replay,
    retention,
    rules,
    tasks,
    thresholds,
)  # fmt: skip
from anomalies.models import LoginAttempt, MailedCode, TrustedPlace
from anomalies.tests import people, places
from anomalies.tests.people import AWAY, HOME, make_attempt
from notifications.models import Notification


def said(command: str, *arguments: object, **options: object) -> str:
    out = StringIO()
    call_command(command, *arguments, stdout=out, **options)
    return out.getvalue()


class ScoreCommandTests(people.TestCase):
    def test_explains_a_sign_in_that_was_never_made(self) -> None:
        self.settle_in("alice")
        before = LoginAttempt.objects.count()

        text = said("score_sign_in", user="Alice@example.com", ip=AWAY)

        assert "+75  impossible_travel" in text
        assert "+40  new_country" in text
        assert "Score 100 of 100: high." in text
        assert LoginAttempt.objects.count() == before

    def test_takes_a_time(self) -> None:
        self.settle_in("alice")
        then = (timezone.now() + timedelta(days=2)).isoformat()

        assert "Score 55 of 100: medium." in said(
            "score_sign_in", user="alice@example.com", ip=AWAY, at=then
        )

    def test_says_what_is_wrong(self) -> None:
        for options in (
            {"user": "nobody@example.com", "ip": AWAY},
            {"user": "alice@example.com", "ip": "here"},
            {"user": "alice@example.com", "ip": AWAY, "at": "yesterday"},
        ):
            with self.assertRaises(CommandError):
                said("score_sign_in", **options)


class ReplayCommandTests(people.TestCase):
    def replay(self, text: str) -> str:
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
            file.write(text)
            file.flush()
            return said("replay_sign_ins", file.name)

    def test_counts_levels_and_rules(self) -> None:
        text = self.replay(
            "at,user,address,browser,outcome\n"
            f"2026-03-01T08:00:00+00:00,alice,{HOME},laptop,signed in\n"
            f"2026-03-01T08:30:00+00:00,alice,{AWAY},phone,refused\n"
            f"2026-03-01T09:00:00+00:00,alice,{AWAY},phone,signed in\n"
            f"2026-03-01T10:00:00+00:00,bob,{HOME},laptop,signed in\n"
        )

        lines = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line}
        assert text.startswith("3 sign-ins")
        assert (lines["low"][0], lines["high"][0]) == ("2", "1")
        assert lines["impossible_travel"] == ["1", "0"]
        assert lines["hosting_network"] == ["0", "0"]

    def test_says_which_line_is_wrong(self) -> None:
        head = "at,user,address\n"
        with self.assertRaisesMessage(CommandError, "Line 2"):
            self.replay(f"{head}2026-03-01,alice,here\n")
        with self.assertRaisesMessage(CommandError, "columns"):
            self.replay("time,user\n")
        with self.assertRaisesMessage(CommandError, "cannot be read"):
            said("replay_sign_ins", "/nowhere/at/all.csv")


class MemoryTests(people.TestCase):
    """The memory of a replay gathers the same facts as the database."""

    def test_finds_what_the_database_finds(self) -> None:
        chance, baseline = random.Random(8), replay.Baseline()
        at = datetime(2026, 3, 1, 8, tzinfo=UTC)
        addresses = [HOME, places.POTSDAM, AWAY, places.VAGUE, places.NOWHERE, places.NEW_YORK]
        for code in ("NL", "US"):
            TrustedPlace.objects.create(user=self.alice, country=code, created_at=at)
            baseline.trust("alice", code)
        for _ in range(60):
            at += timedelta(minutes=chance.choice([3, 40, 130, 600, 3000]))
            self.compare(baseline, chance.choice(addresses), chance.choice("abc"), at, chance)

    def compare(
        self,
        baseline: replay.Baseline,
        address: str,
        browser: str,
        at: datetime,
        chance: random.Random,
    ) -> None:
        located = facts.locate(address, at=timezone.now())
        system = located.system.number if located.system else None
        event = replay.Event(
            at=at,
            user="alice",
            spot=located.spot,
            country=located.place.country_code if located.place else "",
            browser=browser,
            network=address,
            is_hosting=hosting.is_hosting(system) if system else None,
        )
        if chance.random() < 0.3:
            baseline.fail(event)
            make_attempt(self.alice, at=at, outcome="refused", network=address, is_verified=False)
            return
        row = LoginAttempt.objects.create(
            at=at, user=self.alice, outcome="signed in", stage="check", browser_key=browser,
            **located.columns(),
        )  # fmt: skip
        recording.judge(row, self.alice, located, browser_key=browser, at=at)
        known = baseline.facts(event)
        found = rules.assess(known, thresholds.current())

        assert (row.score, set(row.unevaluated)) == (found.score, set(found.unevaluated))
        assert row.is_vouched_for == known.is_vouched_for
        is_vouched_for = known.is_vouched_for or found.score > 70
        baseline.learn(event, is_vouched_for=is_vouched_for)
        recording.change(row, is_verified=True, is_vouched_for=is_vouched_for)


class RetentionTests(people.TestCase):
    def test_shortens_addresses_after_ninety_days(self) -> None:
        now = timezone.now()
        old, older, new = (
            make_attempt(self.alice, at=now - timedelta(days=91), address="203.0.113.77"),
            make_attempt(self.alice, at=now - timedelta(days=99), address="2001:db8:1:2:3::4"),
            make_attempt(self.alice, at=now - timedelta(days=89), address="203.0.113.77"),
        )

        tasks.tidy()

        shown = [
            LoginAttempt.objects.values_list("address", flat=True).get(pk=row.pk)
            for row in (old, older, new)
        ]
        assert shown == ["203.0.113.0/24", "2001:db8:1::/48", "203.0.113.77"]
        assert retention.shorten_addresses(at=now) == 0

    def test_takes_many_in_batches(self) -> None:
        at = timezone.now() - timedelta(days=100)
        LoginAttempt.objects.bulk_create(
            LoginAttempt(
                at=at, outcome="refused", stage="password", address="192.0.2.9", network="x"
            )
            for _ in range(1200)
        )

        with self.assertNumQueries(7):
            assert retention.shorten_addresses(at=timezone.now()) == 1200

    def test_forgets_after_two_years(self) -> None:
        now = timezone.now()
        make_attempt(self.alice, at=now - timedelta(days=731))
        kept = make_attempt(self.alice, at=now - timedelta(days=729))
        MailedCode.objects.create(
            user=self.alice, subject=self.alice.pk, email="x@example.com", tries_left=5,
            sent_at=now - timedelta(days=3), expires_at=now - timedelta(days=2),
        )  # fmt: skip

        retention.forget(at=now)

        assert list(LoginAttempt.objects.all()) == [kept]
        assert MailedCode.objects.count() == 0


class GeoWatchTests(people.TestCase):
    def told(self) -> int:
        return Notification.objects.filter(user=self.charlie, kind="geo_not_evaluated").count()

    def test_tells_the_operators_once(self) -> None:
        with override_settings(GEOIP_CITY_DATABASE=""):
            tasks.watch_geo()
            tasks.watch_geo()

        assert self.told() == 1
        assert not Notification.objects.filter(user=self.alice).exists()

    def test_tells_again_after_it_was_good(self) -> None:
        now = timezone.now()
        assert not geo_watch.watch(at=now)
        assert geo_watch.watch(at=now + timedelta(days=61))
        assert not geo_watch.watch(at=now)
        assert geo_watch.watch(at=now + timedelta(days=61))

        assert self.told() == 2


class HostingTests(people.TestCase):
    def test_reads_a_list_of_the_operators(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "networks.txt"
            path.write_text("# ours\nAS64500 Example Telecom\n\n64501\n")
            with override_settings(ANOMALIES_NETWORK_LIST=str(path)):
                assert hosting.is_hosting(64500)
                assert hosting.is_hosting(64501)
                assert not hosting.is_hosting(14061)
        assert hosting.is_hosting(14061)
        assert len(hosting.read(hosting.BUILT_IN)) > 60

    def test_falls_back_to_its_own_list(self) -> None:
        with override_settings(ANOMALIES_NETWORK_LIST="/nowhere/networks.txt"):
            assert hosting.is_hosting(14061)

"""“This wasn't me” and “It was me”, and what cannot teach the baseline."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import TrustedBrowser
from anomalies import cases, demands, recording
from anomalies.models import LoginAttempt, PasswordDemand, ReviewCase
from anomalies.tests import people, places
from anomalies.tests.people import AWAY, HOME, SIGN_INS, VERIFY
from recovery import services as recovery_codes
from recovery.tests import people as recovery
from tests import base


class NotMeTests(people.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.mine = self.settle_in("alice", ago=timedelta(days=3))
        self.theirs, _ = self.come("alice", AWAY)
        self.attempt = people.newest()

    def deny(self, **extra: str) -> str:
        response = self.mine.post(f"{SIGN_INS}{self.attempt.pk}/not-me/", extra)
        return str(response.headers["Location"])

    def test_says_first_what_follows(self) -> None:
        page = self.mine.get(f"{SIGN_INS}{self.attempt.pk}/not-me/").content.decode()

        assert "all your other sessions end" in page
        assert self.theirs.get("/activity/").status_code == 200

    def test_ends_everything_and_asks_for_a_new_password(self) -> None:
        browser = {"token_hash": "x", "created_at": timezone.now(), "expires_at": timezone.now()}
        TrustedBrowser.objects.create(user=self.alice, **browser)

        assert self.deny() == reverse("accounts:password")

        assert self.theirs.get("/activity/").status_code == 302
        assert TrustedBrowser.objects.count() == 0
        assert self.mine.get("/activity/").headers["Location"] == reverse("accounts:password")
        assert PasswordDemand.objects.count() == 1
        case = ReviewCase.objects.get(attempt=self.attempt)
        assert (case.state, case.origin) == ("open", "denied")

    def test_the_old_password_signs_nobody_in(self) -> None:
        self.deny()

        client, response = self.come("alice", HOME)

        assert response.headers["Location"] == people.NEW_PASSWORD
        assert client.get(people.NEW_PASSWORD).status_code == 403
        assert client.get("/activity/").status_code == 302

    def test_a_new_password_opens_everything_again(self) -> None:
        self.deny()
        self.alice.refresh_from_db()
        self.alice.set_auth_secret(
            base.auth_secret_of("alice"), salt=base.salt_of("alice"), iterations=base.ITERATIONS
        )
        self.alice.save()

        assert not demands.is_open(self.alice)
        assert self.come("alice", HOME)[1].headers["Location"] == "/"

    def test_ends_backup_codes_when_asked_to(self) -> None:
        recovery.add_factor(self.alice)
        recovery.make_codes(self.alice)

        self.deny(drops_codes="on")

        assert recovery_codes.valid_set(self.alice.pk) is None

    def test_keeps_backup_codes_otherwise(self) -> None:
        recovery.add_factor(self.alice)
        recovery.make_codes(self.alice)

        self.deny()

        assert recovery_codes.valid_set(self.alice.pk) is not None

    def test_teaches_nothing(self) -> None:
        self.deny()

        self.attempt.refresh_from_db()
        assert not self.attempt.is_verified
        assert not LoginAttempt.objects.verified().filter(country="SG").exists()

    def test_happens_once(self) -> None:
        self.deny()
        self.deny()

        assert ReviewCase.objects.filter(attempt=self.attempt).count() == 1
        assert PasswordDemand.objects.count() == 1

    def test_demands_no_password_of_somebody_without_one(self) -> None:
        self.alice.set_unusable_password()
        self.alice.save()

        assert not demands.demand(self.alice, by_operator=False, at=timezone.now())
        assert demands.demand(self.alice, by_operator=True, at=timezone.now())

    def test_asks_to_confirm_first(self) -> None:
        session = self.mine.session
        session["proven_at"] = 0
        session.save()

        response = self.mine.post(f"{SIGN_INS}{self.attempt.pk}/not-me/")

        assert response.headers["Location"].startswith("/confirm/")
        assert PasswordDemand.objects.count() == 0


class WasMeTests(people.TestCase):
    def test_teaches_the_place_in_that_browser(self) -> None:
        home = self.settle_in("alice", ago=timedelta(days=3))
        away, _ = self.come("alice", AWAY)
        attempt = people.newest()
        case = ReviewCase.objects.get(attempt=attempt)

        away.post(f"{SIGN_INS}{attempt.pk}/was-me/")

        case.refresh_from_db()
        assert case.state == "safe"
        people.leave(home)
        self.come("alice", HOME, home)
        people.leave(away)
        _, response = self.come("alice", AWAY, away)
        assert response.headers["Location"] == "/"
        assert people.newest().score == 0

    def test_helps_no_other_browser(self) -> None:
        self.settle_in("alice", ago=timedelta(days=3))
        away, _ = self.come("alice", AWAY)
        away.post(f"{SIGN_INS}{people.newest().pk}/was-me/")
        self.come("alice", HOME)

        rules = [finding["rule"] for finding in people.newest().findings]

        assert "impossible_travel" in rules


class PoisoningTests(people.TestCase):
    """However often somebody tries, a country becomes familiar by verified sign-ins alone."""

    def test_a_thousand_failures_teach_nothing(self) -> None:
        self.settle_in("alice", ago=timedelta(days=3))
        at = timezone.now() - timedelta(hours=5)
        LoginAttempt.objects.bulk_create(
            LoginAttempt(
                at=at - timedelta(minutes=number),
                user=self.alice,
                outcome=outcome,
                stage="password",
                address=AWAY,
                network=AWAY,
                country="SG",
                latitude=1.4,
                longitude=103.8,
                accuracy_radius=20,
                browser="Firefox on Linux",
            )
            for number in range(200)
            for outcome in ("refused", "unfinished", "waiting", "held", "blocked")
        )

        self.come("alice", AWAY)

        row = people.newest()
        assert {"new_country", "new_browser"} <= {finding["rule"] for finding in row.findings}

    def test_real_attempts_that_were_stopped_teach_nothing(self) -> None:
        self.prove_address(self.alice)
        self.settle_in("alice")
        client = Client()
        for _ in range(4):
            assert self.come("alice", AWAY, client)[1].headers["Location"] == VERIFY
            client.post("/sign-in/", {"email": "alice@example.com", "auth_secret": "A" * 43})

        stopped = LoginAttempt.objects.filter(country="SG")
        assert stopped.count() == 8
        assert not stopped.verified().exists()
        judged = stopped.exclude(score=None).order_by("-at").first()
        assert judged is not None
        assert "new_country" in [finding["rule"] for finding in judged.findings]

    def test_a_denied_sign_in_unteaches_its_browser(self) -> None:
        self.settle_in("alice", ago=timedelta(days=3))
        theirs, _ = self.come("alice", AWAY)
        case = ReviewCase.objects.get()

        cases.confirm_compromise(case.pk, by=self.charlie, reason="She rang.", at=timezone.now())
        demands.lift(self.alice.pk, reason="x", by="y", at=timezone.now())
        self.come("alice", AWAY, theirs)

        rules = {finding["rule"] for finding in people.newest().findings}
        assert {"new_country", "new_browser"} <= rules


class NeighbourTests(people.TestCase):
    def test_failures_behind_one_address_lock_nobody_out(self) -> None:
        self.settle_in("alice", HOME)
        client = self.settle_in("alice", HOME)
        people.leave(client)
        for number in range(20):
            Client(HTTP_X_FORWARDED_FOR=HOME).post(
                "/sign-in/", {"email": f"u{number}@example.com", "auth_secret": "A" * 43}
            )

        _, response = self.come("alice", HOME, client)

        assert response.headers["Location"] == "/"
        assert people.newest().score == 40

    def test_counts_failures_of_a_slash_64(self) -> None:
        for number in range(5):
            Client(HTTP_X_FORWARDED_FOR=f"2001:db8:1::{number + 5}").post(
                "/sign-in/", {"email": f"u{number}@example.com", "auth_secret": "A" * 43}
            )

        self.come("alice", places.BERLIN6)

        assert [finding["rule"] for finding in people.newest().findings] == [
            "failures_from_address"
        ]

    @override_settings(ANOMALIES_FAILURES_MINUTES=15)
    def test_forgets_failures_after_a_quarter_of_an_hour(self) -> None:
        for _ in range(6):
            people.make_attempt(
                self.bob,
                outcome="refused",
                is_verified=False,
                at=timezone.now() - timedelta(minutes=15),
            )

        self.come("alice", HOME)

        assert people.newest().findings == []


class HashTests(people.TestCase):
    def test_an_unknown_address_is_kept_as_an_hmac(self) -> None:
        one = recording.hash_of("nobody@example.com")

        assert one == recording.hash_of("nobody@example.com")
        assert one != recording.hash_of("nobody@example.org")
        assert len(one) == 64

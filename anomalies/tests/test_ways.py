"""The check is the same for every way of signing in."""

from __future__ import annotations

from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone

from accounts import factors, signin
from anomalies.models import LoginAttempt
from anomalies.tests import people
from anomalies.tests.people import AWAY, HELD, HOME, VERIFY
from recovery.tests import people as recovery
from sessions_lock.store import SessionStore


class WayTests(people.TestCase):
    def request_from(self, address: str) -> HttpRequest:
        request = RequestFactory().get("/", HTTP_X_FORWARDED_FOR=address)
        request.session = SessionStore()
        return request

    def go(self, address: str, amr: str, *also: str) -> str:
        """As far as a first factor of this kind leads."""
        request, now = self.request_from(address), timezone.now()
        signin.begin(request, self.bob, amr=amr, also=also, next_url="/", at=now)
        return signin.advance(request, at=now)

    def test_single_sign_on_is_asked_for_more_as_a_password_is(self) -> None:
        assert self.go(HOME, "oidc") == "/"

        assert self.go(AWAY, "oidc") == HELD
        self.prove_address(self.bob)
        assert self.go(AWAY, "oidc", factors.MFA) == VERIFY

        row = people.newest()
        assert (row.methods, row.score) == (["oidc", "mfa"], 100)

    def test_a_passkey_is_enough_and_is_told_of(self) -> None:
        assert self.go(HOME, "passkey") == "/"

        assert self.go(AWAY, "passkey") == "/"

        row = people.newest()
        assert (row.further, row.decision, row.level) == ("passkey", "tell", "high")
        assert row.outcome == LoginAttempt.Outcome.SIGNED_IN

    def test_the_second_factor_of_the_provider_is_no_further_proof(self) -> None:
        self.go(HOME, "oidc", factors.MFA)
        recovery.add_factor(self.bob)

        assert self.go(AWAY, "oidc", factors.MFA) == VERIFY

    def test_counts_behind_several_proxies(self) -> None:
        request = RequestFactory().get("/", HTTP_X_FORWARDED_FOR=f"{AWAY}, {HOME}, 127.0.0.9")
        request.session = SessionStore()
        signin.begin(request, self.bob, amr="oidc", next_url="/", at=timezone.now())

        assert people.newest().address == HOME

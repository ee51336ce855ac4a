"""The seams: a factor and a check plugged in by settings, without touching the flow."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import RequestFactory, override_settings
from django.utils import timezone

from accounts import factors, signin
from accounts.models import PendingSignIn, User
from accounts.tests import fakes
from audit.models import AuditEvent
from sessions_lock.models import SessionActivity
from sessions_lock.store import SessionStore
from tests import base

PROOF = factors.Proof(factor="slip", reference="slip 7", amr="otp")


@override_settings(
    SECOND_FACTORS=["accounts.tests.fakes.slip"], SIGN_IN_CHECKS=["accounts.tests.fakes.doubt"]
)
class FlowTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        fakes.slip.__init__()  # type: ignore[misc]
        fakes.doubt.__init__()  # type: ignore[misc]
        self.request = RequestFactory().get("/")
        self.request.session = SessionStore()
        self.now = timezone.now()

    def begin(self, user: User) -> None:
        signin.begin(self.request, user, amr="pwd", next_url="/activity/", at=self.now)

    def advance(self) -> str:
        return signin.advance(self.request, at=self.now)

    def test_goes_straight_in_without_a_factor(self) -> None:
        self.begin(self.bob)

        assert self.advance() == "/activity/"
        assert self.request.session["amr"] == ["pwd"]

    def test_stops_at_an_enrolled_factor(self) -> None:
        response = base.sign_in(self.client, "alice")

        assert response.headers["Location"] == "/offline/"
        assert self.client.get("/settings/").status_code == 302

    def test_starts_the_session_once_the_factor_is_proven(self) -> None:
        self.begin(self.alice)
        signin.add_proof(self.request, PROOF, at=self.now)

        assert self.advance() == "/activity/"
        assert self.request.session["amr"] == ["pwd", "otp"]
        assert fakes.slip.consumed == ["slip 7"]

    def test_asks_the_checks_before_anything_is_consumed(self) -> None:
        self.begin(self.alice)
        signin.add_proof(self.request, PROOF, at=self.now)
        fakes.doubt.url = "/further/"

        assert self.advance() == "/further/"
        assert fakes.slip.consumed == []
        fakes.doubt.url = None
        assert self.advance() == "/activity/"
        assert fakes.slip.consumed == ["slip 7"]

    def test_undoes_everything_when_a_proof_cannot_be_consumed(self) -> None:
        self.begin(self.alice)
        self.request.session.save()
        key = self.request.session.session_key
        signin.add_proof(self.request, PROOF, at=self.now)
        fakes.slip.is_valid = False

        with pytest.raises(factors.ProofRefused):
            self.advance()

        assert self.request.session.session_key == key
        assert not SessionActivity.objects.filter(user=self.alice).exists()
        assert not AuditEvent.objects.filter(event="session.started").exists()
        assert PendingSignIn.objects.get().completed_at is None
        fakes.slip.is_valid = True
        assert self.advance() == "/activity/"

    def test_expires_after_ten_minutes(self) -> None:
        self.begin(self.bob)
        self.now += timedelta(minutes=10)

        with pytest.raises(signin.PendingGone):
            self.advance()

    def test_can_be_completed_once(self) -> None:
        self.begin(self.bob)
        kept = self.request.session[signin.PENDING_KEY]
        self.advance()
        self.request.session[signin.PENDING_KEY] = kept

        with pytest.raises(signin.PendingGone):
            self.advance()

    def test_belongs_to_one_browser(self) -> None:
        self.begin(self.bob)
        self.request.session = SessionStore()

        with pytest.raises(signin.PendingGone):
            self.advance()

    def test_cannot_be_turned_into_somebody_else_by_writing_to_its_row(self) -> None:
        self.begin(self.bob)
        PendingSignIn.objects.update(user=self.charlie)

        with pytest.raises(signin.PendingGone):
            self.advance()

    def test_ends_when_the_credentials_change_meanwhile(self) -> None:
        self.begin(self.bob)
        User.objects.filter(pk=self.bob.pk).update(credentials_version=99)

        with pytest.raises(signin.PendingGone):
            self.advance()

    def test_ends_when_the_user_is_switched_off_meanwhile(self) -> None:
        self.begin(self.bob)
        User.objects.filter(pk=self.bob.pk).update(is_active=False)

        with pytest.raises(signin.PendingGone):
            self.advance()

"""A poll that left with the old cookie and arrives after the key has changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from accounts.totp.tests.test_totp import code, enrol
from sessions_lock.models import SessionActivity
from sessions_lock.tests.test_ending import PASSWORD_PAGE, new_password
from tests import base

POLLS = ("/session/", "/codes/")


class LatePollTests(base.TestCase):
    """After every kind of rotation the new session lives, and no answer touches a cookie."""

    def rotate(self, deed: Callable[[], Any]) -> None:
        old = self.client.cookies["session"].value
        response = deed()
        assert response.status_code == 302, response.content
        new = self.client.cookies["session"].value
        assert old != new
        late = Client()
        for poll in POLLS:
            late.cookies["session"] = old
            answer = late.get(poll, headers={"X-Background": "1"})
            assert answer.status_code == 204, (poll, answer.status_code)
            assert not answer.cookies
        assert self.client.get("/settings/").status_code == 200

    def test_after_the_sign_in(self) -> None:
        # The sign-in page keeps something in an anonymous session first.
        self.client.get("/sign-in/factor/")
        enrol(self.alice)
        base.sign_in(self.client, "alice")

        self.rotate(lambda: self.client.post("/sign-in/code/", {"code": code(timezone.now())}))

    def test_after_a_confirmation_with_the_password(self) -> None:
        self.sign_in_as("alice")

        secret = {"auth_secret": base.posted_secret("alice")}
        self.rotate(lambda: self.client.post("/confirm/", secret))

    def test_after_a_confirmation_with_a_code(self) -> None:
        self.sign_in_as("alice")
        enrol(self.alice)

        self.rotate(lambda: self.client.post("/confirm/code/", {"code": code(timezone.now())}))

    def test_after_a_change_of_password_which_rotates_twice(self) -> None:
        self.sign_in_as("alice")

        self.rotate(lambda: self.client.post(PASSWORD_PAGE, new_password(self.alice)))

    def test_moves_no_deadline(self) -> None:
        self.sign_in_as("alice")
        before = SessionActivity.objects.get(user=self.alice)

        self.test_after_a_confirmation_with_the_password()

        rows = SessionActivity.objects.filter(user=self.alice, pk=before.pk)
        assert rows.values_list("lock_deadline", "absolute_deadline").get() == (
            before.lock_deadline,
            before.absolute_deadline,
        )

    def test_cannot_use_the_old_key_for_anything_else(self) -> None:
        self.sign_in_as("alice")
        late = Client()
        late.cookies["session"] = self.client.cookies["session"].value
        self.client.post("/confirm/", {"auth_secret": base.posted_secret("alice")})

        assert late.get("/settings/").status_code == 302
        body = {"idle": 0}
        beat = late.post(
            "/session/", body, content_type="application/json", headers={"X-Background": "1"}
        )
        assert beat.status_code == 204
        row = SessionActivity.objects.get(user=self.alice, ended_at=None)
        assert row.lock_deadline is not None
        assert row.lock_deadline < timezone.now() + timedelta(minutes=15)

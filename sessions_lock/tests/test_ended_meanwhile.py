from __future__ import annotations

from typing import Any
from unittest import mock

from django.utils import timezone

from sessions_lock import services
from tests import base


class EndedMeanwhileTests(base.TestCase):
    def test_leads_to_the_sign_in(self) -> None:
        """Another browser changes the password between this view's reading and its writing."""
        self.sign_in_as("alice")

        def end(*_: Any, **__: Any) -> None:
            services.end_others(self.alice.pk, but=None, at=timezone.now())

        with mock.patch("accounts.signin.judge_password", side_effect=end):
            response = self.client.post("/confirm/", {"auth_secret": base.posted_secret("alice")})

        assert response.headers["Location"] == "/sign-in/"
        assert self.client.get("/settings/").status_code == 302

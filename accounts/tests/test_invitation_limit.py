from __future__ import annotations

from accounts.models import SignUpToken
from accounts.views.invitations import PER_HOUR
from tests import base


class InvitationLimitTests(base.TestCase):
    def test_stops_an_operator_after_thirty_in_an_hour(self) -> None:
        self.sign_in_as("charlie")
        for number in range(PER_HOUR):
            form = {"email": f"guest{number}@example.com"}
            assert self.client.post("/invitations/", form).status_code == 200

        response = self.client.post("/invitations/", {"email": "late@example.com"})

        self.assertContains(response, "Go on after", status_code=422)
        assert SignUpToken.objects.count() == PER_HOUR

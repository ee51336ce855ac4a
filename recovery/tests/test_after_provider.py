"""A backup sign-in code after single sign-on: the provider took the place of the password alone."""

from __future__ import annotations

from accounts.oidc.tests import site
from recovery.models import RecoveryCode
from recovery.tests import people


class AfterProviderTests(site.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.link(self.alice)
        people.add_factor(self.alice)
        self.codes = people.make_codes(self.alice)

    def test_stands_in_for_the_factor_that_this_site_asks_for(self) -> None:
        assert self.come_back().headers["Location"] == "/sign-in/code/"
        self.assertContains(self.client.get("/sign-in/code/"), people.PRESENT)
        response = self.client.post(people.PRESENT, {"code": self.codes[0]})

        self.assertRedirects(response, "/settings/security/enrol/")
        assert self.amr() == ["oidc", "recovery"]
        assert RecoveryCode.objects.exclude(used_at=None).count() == 1

    def test_opens_a_restricted_session_only(self) -> None:
        self.come_back()
        self.client.post(people.PRESENT, {"code": self.codes[0]})

        self.assertRedirects(self.client.get("/settings/delete/"), "/settings/security/enrol/")

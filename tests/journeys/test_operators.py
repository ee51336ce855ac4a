"""An operator helps: a lost factor, and somebody who is locked out."""

from __future__ import annotations

import re
from datetime import timedelta

from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.help import services as factor_help
from accounts.models import FactorReset, User
from accounts.totp.tests.test_totp import enrol
from tests import base
from tests.journeys.browser import BrowserTestCase, sign_in

EMAIL = "ida@example.com"
PASSWORD = "kettle drum orchard 84 lantern"


class OperatorTests(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.user = User.objects.create_user(EMAIL, PASSWORD)
        base.make_user("charlie", is_staff=True, is_superuser=True)

    def page_of(self, client: Client) -> Page:
        """A page in the session of a test client."""
        context = self.new_context()
        value = client.cookies["session"].value
        context.add_cookies([{"name": "session", "value": value, "url": self.live_server_url}])
        return context.new_page()

    def operator(self) -> Page:
        client = Client()
        base.sign_in(client, "charlie")
        base.show_factor(client)
        return self.page_of(client)

    def ask_for_reset(self, page: Page) -> None:
        page.goto(f"/admin/accounts/user/{self.user.pk}/change/")
        page.get_by_role("link", name="Reset second factors").click()
        page.get_by_label("Reason").fill("Phone lost")
        page.get_by_role("button", name="Reset in 24 hours").click()
        expect(page.get_by_text("Their factors go on")).to_be_visible()

    def test_helps_somebody_who_has_lost_their_phone(self) -> None:
        enrol(self.user)
        operator, owner = self.operator(), self.page_of(self.live_session())
        self.ask_for_reset(operator)

        # A session that has never shown a factor, and knows of none, can stop it too.
        owner.goto("/activity/")
        expect(owner.get_by_text("about to be removed")).to_be_visible()
        expect(owner.get_by_text("Reason: Phone lost")).to_be_visible()
        self.assert_accessible(owner, "factor reset banner")
        owner.get_by_role("button", name="Keep my factors").click()
        expect(owner.get_by_text("Your second factors stay.")).to_be_visible()

        self.ask_for_reset(operator)
        FactorReset.objects.filter(done_at=None).update(
            effective_at=timezone.now() - timedelta(seconds=1)
        )
        assert factor_help.apply_due(at=timezone.now()) == 1
        owner.goto("/activity/")
        sign_in(owner, email=EMAIL, password=PASSWORD)
        owner.wait_for_url(f"{self.live_server_url}/")
        assert self.faults == []

    def live_session(self) -> Client:
        client = Client()
        client.force_login(self.user, backend="accounts.backends.PasswordBackend")
        return client

    def test_unlocks_somebody_who_is_locked_out(self) -> None:
        client, page = Client(), self.new_page()
        form = {"email": EMAIL, "auth_secret": base.posted_secret("wrong")}
        for _ in range(10):
            client.post("/sign-in/", form)
        sign_in(page, email=EMAIL, password=PASSWORD)
        expect(page.get_by_text("Too many attempts with this address")).to_be_visible()
        self.assert_accessible(page, "locked out")

        operator = self.operator()
        operator.goto("/admin/accounts/lockedsignin/")
        row = operator.get_by_role("row").filter(has_text=EMAIL)
        expect(row.locator("[data-seconds-left]")).to_have_text(re.compile(r"^1[34]:\d\d$"))
        row.get_by_role("button", name="Unlock").click()
        expect(operator.get_by_text("Unlocked.")).to_be_visible()

        sign_in(page, email=EMAIL, password=PASSWORD)
        page.wait_for_url(f"{self.live_server_url}/")
        assert self.faults == []

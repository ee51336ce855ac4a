"""Somebody signs in from far away with the right password, and everything that follows."""

from __future__ import annotations

import re

from django.core import mail
from django.test import Client, override_settings
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from anomalies import mailed_codes
from anomalies.models import ReviewCase
from anomalies.tests import places
from tests import base
from tests.journeys.browser import BrowserTestCase, sign_in

PASSWORD = "kettle drum orchard 84 lantern"
NEW_PASSWORD = "window seven copper violin 29"
EMAIL = "ida@example.com"
SIGN_INS = "/settings/security/sign-ins/"
# A proxy in front of the site says where people are; here the browser does so itself.
BEHIND_A_PROXY = {"TRUSTED_PROXIES": ["127.0.0.0/8"]}


class UnusualSignInTests(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.enterContext(override_settings(**BEHIND_A_PROXY, **places.databases()))
        self.user = User.objects.create_user(EMAIL, PASSWORD)
        mailed_codes.note_proven(self.user.pk, EMAIL, at=timezone.now())

    def page_at(self, address: str) -> Page:
        return self.new_page(extra_http_headers={"X-Forwarded-For": address})

    def code(self) -> str:
        found = [re.search(r"\b(\d{4}) (\d{4})\b", str(m.body)) for m in mail.outbox]
        digits = [match[1] + match[2] for match in found if match]
        return digits[-1]

    def operator_page(self) -> Page:
        base.make_user("charlie", is_staff=True, is_superuser=True)
        client = Client(HTTP_X_FORWARDED_FOR=places.BERLIN)
        base.sign_in(client, "charlie")
        base.show_factor(client)
        context = self.new_context(extra_http_headers={"X-Forwarded-For": places.BERLIN})
        key = client.cookies["session"].value
        context.add_cookies([{"name": "session", "value": key, "url": self.live_server_url}])
        return context.new_page()

    def test_is_asked_for_more_denied_by_its_owner_and_reviewed(self) -> None:
        home, away = self.page_at(places.BERLIN), self.page_at(places.MADRID)
        sign_in(home, email=EMAIL, password=PASSWORD)
        home.wait_for_url(f"{self.live_server_url}/")
        self.break_in(away)
        self.find_out(home)

        away.goto("/activity/")
        expect(away.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
        self.choose_a_new_password(home)
        self.review(self.operator_page())

        home.goto("/activity/")
        expect(home.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
        self.assert_never_sent(PASSWORD)
        assert self.faults == []

    def break_in(self, page: Page) -> None:
        """The password is known, and so is the mailbox."""
        sign_in(page, email=EMAIL, password=PASSWORD)
        page.wait_for_url("**/sign-in/verify/")
        expect(page.get_by_text("Madrid, Spain")).to_be_visible()
        self.assert_accessible(page, "verify")
        page.goto("/activity/")
        expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
        page.goto("/sign-in/verify/")
        page.get_by_role("button", name="A code by mail").click()
        page.get_by_label("Code from the mail").fill("00000000")
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_text("This is not the code").first).to_be_visible()
        self.assert_accessible(page, "mail")
        page.get_by_label("Code from the mail").fill(self.code())
        page.get_by_role("button", name="Go on").click()
        page.wait_for_url(f"{self.live_server_url}/")

    def find_out(self, page: Page) -> None:
        """The owner is told, looks it up, and says that it was somebody else."""
        assert any("Unusual sign-in" in str(message.subject) for message in mail.outbox)
        page.goto("/notifications/")
        expect(page.get_by_text("Unusual sign-in, high risk").first).to_be_visible()
        page.goto(SIGN_INS)
        expect(page.get_by_role("img", name="Map of the world")).to_be_visible()
        row = page.get_by_role("row", name=re.compile("Madrid.*signed in"))
        row.get_by_role("link").click()
        expect(page.get_by_text("km away, in Berlin")).to_be_visible()
        self.assert_accessible(page, "sign-in")
        page.get_by_role("link", name="This wasn't me").click()
        self.assert_accessible(page, "not me")
        page.get_by_role("button", name="This wasn't me").click()
        page.wait_for_url("**/password/")

    def choose_a_new_password(self, page: Page) -> None:
        page.goto("/activity/")
        page.wait_for_url("**/password/")
        page.locator("#id_password").fill(PASSWORD)
        page.locator("#id_new_password").fill(NEW_PASSWORD)
        page.locator("#id_repeat").fill(NEW_PASSWORD)
        page.get_by_role("button", name="Change the password").click()
        expect(page.get_by_text("Your password is changed.")).to_be_visible()
        page.goto("/activity/")
        expect(page.get_by_role("heading", name="Activity")).to_be_visible()

    def review(self, page: Page) -> None:
        page.goto("/admin/anomalies/reviewcase/?state__exact=open&origin__exact=denied")
        page.locator("#result_list tbody").get_by_role("link").first.click()
        expect(page.get_by_text("the user says it was somebody else")).to_be_visible()
        expect(page.get_by_role("img", name="Map of the world")).to_be_visible()
        page.get_by_label("Reason").fill("She rang us.")
        page.get_by_role("button", name="Confirm compromise").click()
        expect(page.get_by_text("State: account taken.")).to_be_visible()
        case = ReviewCase.objects.get(origin="denied")
        assert (case.state, case.reason) == ("compromised", "She rang us.")
        page.goto("/admin/anomalies/reviewcase/report/")
        expect(page.get_by_text("False alarms: 0 of 1")).to_be_visible()

    def test_asks_a_session_that_jumps(self) -> None:
        page = self.page_at(places.BERLIN)
        sign_in(page, email=EMAIL, password=PASSWORD)
        page.wait_for_url(f"{self.live_server_url}/")

        page.context.set_extra_http_headers({"X-Forwarded-For": places.SINGAPORE})
        page.goto("/activity/")
        page.wait_for_url("**/confirm/?next=*")
        expect(page.get_by_text("You seem to be somewhere else")).to_be_visible()
        page.locator("#id_password").fill(PASSWORD)
        page.get_by_role("button", name="Confirm").click()
        page.wait_for_url("**/activity/")
        expect(page.get_by_role("heading", name="Activity")).to_be_visible()
        assert self.faults == []

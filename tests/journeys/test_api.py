"""A token made in the browser opens the API to a program, until it is ended in the browser."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests import base
from tests.journeys.browser import BrowserTestCase
from vault.tests.making import make_entry


class ApiJourney(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        make_entry(base.make_user("alice"), 1)

    def ask(self, path: str, token: str) -> tuple[int, dict[str, Any]]:
        """As a script would: no cookies, no browser."""
        connection = HTTPConnection(urlsplit(self.live_server_url).netloc, timeout=30)
        self.addCleanup(connection.close)
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        return answer.status, json.load(answer)

    def make_token(self, page: Page) -> str:
        page.goto("/settings/security/")
        page.get_by_role("link", name="API tokens").click()
        page.get_by_role("link", name="Make a token").click()
        page.get_by_label("Name").fill("Backup script")
        page.get_by_label("Read codes").check()
        page.get_by_role("button", name="Make the token").click()
        shown = page.locator("[data-token]")
        expect(shown).to_contain_text("anode_")
        return str(shown.text_content())

    def test_a_token_works_until_it_is_ended(self) -> None:
        context = self.new_context()
        self.let_in(context, "alice")
        page = context.new_page()
        token = self.make_token(page)

        status, told = self.ask("/api/v1/codes", token)
        assert status == 200
        assert told["items"][0]["issuer"] == "GitHub"
        assert self.ask("/api/v1/entries", token)[0] == 403

        page.goto("/help/api/#list-codes")
        page.get_by_label("Token to try out with").fill(token)
        operation = page.locator("#list-codes")
        operation.get_by_role("button", name="Send").click()
        expect(operation.locator("[data-status]")).to_have_text("200")
        expect(operation.locator("[data-content]")).to_contain_text("GitHub")
        page.goto("/help/api/#read-session")
        page.locator("#read-session").get_by_role("button", name="Send").click()
        expect(page.locator("#read-session [data-content]")).to_contain_text("remaining")

        page.goto("/settings/security/tokens/")
        expect(page.get_by_text("Last used")).to_be_visible()
        expect(page.get_by_text(token)).to_have_count(0)
        page.get_by_role("button", name="End Backup script").click()
        expect(page.get_by_text("it opens nothing now")).to_be_visible()
        assert self.ask("/api/v1/codes", token)[0] == 401
        assert self.faults == []

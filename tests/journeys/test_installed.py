"""The site as an installed app: what its worker keeps, and what it shows without a network."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Page, expect

from tests import base
from tests.journeys.browser import BrowserTestCase
from vault.tests.making import make_entry

KEPT = """async () => {
  const found = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const text = await (await cache.match(request)).text();
      found.push([new URL(request.url).pathname, text]);
    }
  }
  return found;
}"""


class InstalledTests(BrowserTestCase):
    def test_keeps_nothing_but_the_offline_page_and_its_styles(self) -> None:
        make_entry(base.make_user("alice"), issuer="Very Own Bank")
        context = self.new_context()
        self.let_in(context, "alice")
        page = context.new_page()
        page.goto("/")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.reload()
        for path in ("/activity/", "/settings/", "/"):
            page.goto(path)
        expect(page.get_by_text("Very Own Bank").first).to_be_visible()

        kept = page.evaluate(KEPT)

        assert [path for path, _ in kept if path == "/offline/"] == ["/offline/"]
        others = [path for path, _ in kept if path != "/offline/"]
        assert others
        assert all(path.startswith("/static/css/") for path in others), others
        assert not [path for path, text in kept if "Very Own Bank" in text or "alice@" in text]
        self.show_it_without_a_network(context, page)

    def show_it_without_a_network(self, context: BrowserContext, page: Page) -> None:
        context.set_offline(True)
        page.goto("/settings/")
        heading = page.get_by_role("heading", name="The server cannot be reached")
        expect(heading).to_be_visible()
        assert self.faults == []

    def test_can_be_installed(self) -> None:
        page = self.new_page()
        page.goto("/sign-in/")
        session = page.context.new_cdp_session(page)

        found = session.send("Page.getAppManifest")
        hindrances = session.send("Page.getInstallabilityErrors")["installabilityErrors"]

        assert found["url"].endswith("/manifest.webmanifest")
        assert found["errors"] == []
        # A window without a profile of its own installs nothing; everything else is in order.
        assert {one["errorId"] for one in hindrances} <= {"in-incognito"}

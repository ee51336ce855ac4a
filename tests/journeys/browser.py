"""A real Chromium against a real server: what only a browser can show."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

import pytest
from django.conf import settings
from django.contrib.staticfiles.testing import StaticLiveServerTestCase
from django.test import Client, override_settings
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    Request,
    expect,
    sync_playwright,
)

from tests import base

# Playwright's synchronous interface runs a loop in this thread, and Django then suspects us of
# asynchronous code; every query here is made between two steps of the browser.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# Deriving keys takes a busy machine seconds; what never comes still fails.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)

ROOT = Path(__file__).resolve().parent.parent.parent
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


def need(is_there: object, what: str) -> None:
    """Skip a test without a tool it needs; under CI that is a failure."""
    if is_there:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing, and CI must not skip this.")
    pytest.skip(f"{what} is missing")


class BrowserTestCase(StaticLiveServerTestCase):
    """One browser a class, one fresh context a test; everything that is sent is kept."""

    databases = set(settings.DATABASES)
    # For tests that need a device the machine does not have.
    more_flags: ClassVar[list[str]] = []
    playwright: ClassVar[Playwright]
    browser: ClassVar[Browser]

    @classmethod
    def setUpClass(cls) -> None:
        need(find_chromium(), "Chromium")
        super().setUpClass()
        cls.playwright = sync_playwright().start()
        cls.addClassCleanup(cls.playwright.stop)
        cls.browser = cls.playwright.chromium.launch(
            executable_path=find_chromium(), args=[*CHROMIUM_FLAGS, *cls.more_flags]
        )
        cls.addClassCleanup(cls.browser.close)

    def setUp(self) -> None:
        base.start_afresh()
        self.sent: list[str] = []
        self.faults: list[str] = []
        self.enterContext(override_settings(SITE_URL=self.live_server_url))

    def new_context(self, **options: Any) -> BrowserContext:
        context = self.browser.new_context(base_url=self.live_server_url, **options)
        context.set_default_timeout(PATIENCE_MS)
        context.on("request", self._keep)
        context.on("weberror", lambda error: self.faults.append(str(error.error)))
        context.on("console", self._keep_fault)
        self.addCleanup(context.close)
        return context

    def new_page(self, **options: Any) -> Page:
        return self.new_context(**options).new_page()

    def let_in(self, context: BrowserContext, name: str) -> None:
        """Sign somebody in without the page, where signing in is not what is tried."""
        client = Client()
        base.sign_in(client, name)
        key = client.cookies["session"].value
        context.add_cookies([{"name": "session", "value": key, "url": self.live_server_url}])

    def _keep(self, request: Request) -> None:
        body = request.post_data_buffer or b""
        headers = " ".join(request.headers.values())
        text = body.decode("utf-8", "replace")
        self.sent.append(f"{unquote(request.url)} {headers} {text} {unquote(text)}")

    def _keep_fault(self, message: Any) -> None:
        # A refused policy is an error of ours; a missing network is part of some tests.
        if message.type == "error" and "Content Security Policy" in message.text:
            self.faults.append(message.text)

    def assert_never_sent(self, secret: str) -> None:
        """Neither the secret nor any eight characters of it went over the wire."""
        everything = "\n".join(self.sent)
        assert len(self.sent) > 5
        for start in range(len(secret) - 7):
            assert secret[start : start + 8] not in everything

    def assert_accessible(self, page: Page, name: str) -> None:
        """axe-core finds nothing against WCAG 2.2 AA."""
        need(AXE.exists(), "axe-core (npm ci)")
        page.evaluate(AXE.read_text())
        # Without preload: it would copy imported style sheets into the page, against its policy.
        found = page.evaluate(
            """async () => (await axe.run(document, {
                 runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
                 preload: false
               })).violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ")}`)"""
        )
        assert found == [], (name, found)


def sign_up(page: Page, *, email: str | None, name: str, password: str) -> None:
    """Fill in the page that a sign-up link leads to."""
    if email:
        page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Your name").fill(name)
    page.locator("#id_new_password").fill(password)
    page.locator("#id_repeat").fill(password)
    page.get_by_role("button", name="Create account").click()


def sign_in(page: Page, *, email: str, password: str) -> None:
    page.goto("/sign-in/")
    page.get_by_label("E-mail address").fill(email)
    page.locator("#id_password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()

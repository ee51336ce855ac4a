"""Auto-lock in a browser: warned, dismissed, locked in every tab, and back where one was.

Time is shortened on both sides at once: the rows move into the past, and the pages' clocks forward.
"""

from __future__ import annotations

import re
from datetime import timedelta

from django.db.models import F
from django.test import Client
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from accounts import sign_up as sign_ups
from accounts.models import User
from sessions_lock.models import SessionActivity
from tests import base
from tests.journeys.browser import BrowserTestCase, sign_up
from vault.formats.account import OtpAccount
from vault.services import adding

PASSWORD = "kettle drum orchard 84 lantern"
EMAIL = "ida@example.com"
LOCKED = "Locked after 15 minutes without activity"
TIMES = ("started_at", "last_activity_at", "lock_deadline", "absolute_deadline")
STORED_KEYS = """async () => {
  const opening = indexedDB.open("authnode");
  const database = await new Promise((resolve) => {
    opening.onsuccess = () => resolve(opening.result);
  });
  if (!database.objectStoreNames.contains("keys")) return [];
  const asked = database.transaction("keys").objectStore("keys").getAllKeys();
  const keys = await new Promise((resolve) => { asked.onsuccess = () => resolve(asked.result); });
  database.close();
  return keys;
}"""
NOTE_WHEN_LOCKED = """(name) => document.addEventListener(
  "authnode:lock", () => localStorage.setItem(name, String(Date.now())))"""


class SessionCase(BrowserTestCase):
    def later(self, context: BrowserContext, *, minutes: float) -> None:
        step = timedelta(minutes=minutes)
        SessionActivity.objects.update(**{name: F(name) - step for name in TIMES})
        context.clock.fast_forward(int(step.total_seconds() * 1000))

    def signed_in(self, context: BrowserContext, name: str) -> None:
        client = Client()
        base.sign_in(client, name)
        if name == "charlie":
            base.show_factor(client)
        key = client.cookies["session"].value
        context.add_cookies([{"name": "session", "value": key, "url": self.live_server_url}])


class IdleTests(SessionCase):
    def test_warns_locks_every_tab_and_leads_back(self) -> None:
        context = self.new_context()
        context.clock.install()
        page = context.new_page()
        self.join(page)
        other = context.new_page()
        other.goto("/")
        expect(other.get_by_text("Example Bank").first).to_be_visible()
        page.goto("/activity/")

        self.is_warned(context, page, other)
        self.dismisses_by_activity(page, other)
        self.locks(context, page, other)
        self.shows_nothing_on_the_way_back(other)
        self.goes_on_where_it_was(page, other)
        self.assert_never_sent(PASSWORD)
        assert self.faults == []

    def join(self, page: Page) -> None:
        page.goto(sign_ups.make_set_up_link(at=timezone.now()))
        sign_up(page, email=EMAIL, name="Ida", password=PASSWORD)
        page.wait_for_url(f"{self.live_server_url}/")
        self.user = User.objects.get()
        account = OtpAccount("totp", b"a" * 20, issuer="Example Bank", name="ida")
        adding.add_accounts(owner=self.user, accounts=[account], at=timezone.now())
        # The vault key is open in this browser, as the first page of a session leaves it.
        page.wait_for_function(f"async () => (await ({STORED_KEYS})()).includes('open')")

    def is_warned(self, context: BrowserContext, page: Page, other: Page) -> None:
        self.later(context, minutes=11)
        expect(page.get_by_role("dialog", name="Are you still there?")).to_have_count(0)
        self.later(context, minutes=1.5)
        for each in (page, other):
            expect(each.get_by_role("dialog", name="Are you still there?")).to_be_visible()
            expect(each).to_have_title(re.compile(r"^\(\d:\d\d\) "))
        expect(page.get_by_role("button", name="Stay signed in")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        expect(page.get_by_role("dialog")).to_be_visible()
        expect(page.get_by_role("dialog").get_by_role("status")).to_have_text(
            re.compile(r"This page locks in \d minutes\.")
        )
        self.assert_accessible(page, "the warning")

    def dismisses_by_activity(self, page: Page, other: Page) -> None:
        # A click beside the dialog, with a mouse that a person moves.
        page.mouse.click(5, 5)
        for each in (page, other):
            expect(each.get_by_role("dialog")).to_have_count(0)
            expect(each).not_to_have_title(re.compile(r"^\("))
        row = SessionActivity.objects.get(user=self.user, ended_at=None)
        assert row.lock_deadline is not None
        assert row.lock_deadline > timezone.now() + timedelta(minutes=14)

    def locks(self, context: BrowserContext, page: Page, other: Page) -> None:
        self.later(context, minutes=15)
        for each in (page, other):
            expect(each).to_have_url(re.compile("/sign-in/"))
            expect(each.get_by_text(LOCKED)).to_be_visible()
            expect(each.get_by_text("Example Bank")).to_have_count(0)
        assert page.evaluate(STORED_KEYS) == []
        assert SessionActivity.objects.get(user=self.user).ended_reason == "idle"

    def shows_nothing_on_the_way_back(self, other: Page) -> None:
        other.go_back()
        expect(other.get_by_text("Example Bank")).to_have_count(0)
        other.goto("/")
        expect(other.get_by_text(LOCKED)).to_be_visible()

    def goes_on_where_it_was(self, page: Page, other: Page) -> None:
        expect(page.get_by_label("E-mail address")).to_have_value(EMAIL)
        page.locator("#id_password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page).to_have_url(f"{self.live_server_url}/activity/")
        # The other tab notices, and goes on where it was as well.
        expect(other.get_by_text("Example Bank").first).to_be_visible()


class HotKeyTests(SessionCase):
    def test_locks_the_other_tab_within_a_second_and_keeps_what_was_typed(self) -> None:
        base.make_user("alice")
        context = self.new_context()
        self.signed_in(context, "alice")
        writing, pressing = context.new_page(), context.new_page()
        writing.goto("/categories/")
        writing.get_by_label("Name").fill("Half-written")
        pressing.goto("/settings/security/sessions/")
        for name, page in (("writing", writing), ("pressing", pressing)):
            page.evaluate(NOTE_WHEN_LOCKED, name)

        pressing.keyboard.press("Alt+Shift+L")

        for page in (writing, pressing):
            expect(page).to_have_url(re.compile("/sign-in/"))
            expect(page.get_by_text("Locked", exact=True)).to_be_visible()
        times = [
            int(pressing.evaluate("(name) => localStorage.getItem(name)", name))
            for name in ("writing", "pressing")
        ]
        assert abs(times[0] - times[1]) < 1000, times
        assert SessionActivity.objects.get(user__email="alice@example.com").ended_reason == (
            "locked by hand"
        )
        self.finds_it_back(context, writing)

    def finds_it_back(self, context: BrowserContext, writing: Page) -> None:
        self.signed_in(context, "alice")
        writing.reload()
        expect(writing.get_by_label("Name")).to_have_value("Half-written")
        expect(writing.get_by_text("What you had typed is back")).to_be_visible()
        assert self.faults == []


class EverywhereTests(SessionCase):
    def test_blanks_a_page_without_a_network_and_locks_the_administration(self) -> None:
        base.make_user("charlie", is_staff=True, is_superuser=True)
        context = self.new_context(has_touch=True, viewport={"width": 360, "height": 740})
        context.clock.install()
        self.signed_in(context, "charlie")
        page, admin = context.new_page(), context.new_page()
        page.goto("/trash/")
        admin.goto("/admin/sessions_lock/sessionactivity/")
        expect(admin.get_by_text("charlie@example.com").first).to_be_visible()

        self.later(context, minutes=12.5)
        expect(admin.get_by_role("dialog")).to_be_visible()
        page.touchscreen.tap(180, 20)
        for each in (page, admin):
            expect(each.get_by_role("dialog")).to_have_count(0)

        context.set_offline(True)
        self.later(context, minutes=15)
        for each in (page, admin):
            expect(each.get_by_role("heading", name=LOCKED)).to_be_visible()
            expect(each.get_by_text("charlie@example.com")).to_have_count(0)
        self.assert_accessible(page, "the lock screen")

        context.set_offline(False)
        page.get_by_role("link", name="Sign in").click()
        expect(page.get_by_text(LOCKED)).to_be_visible()
        assert "next=%2Ftrash%2F" in page.url

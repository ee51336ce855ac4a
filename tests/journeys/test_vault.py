"""The list of codes in a browser: order by hand, tick several, hide, look."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from tests.base import make_user
from tests.journeys.browser import BrowserTestCase
from vault import services
from vault.models import OtpEntry
from vault.tests.making import account

NAMES = ["Apple", "Box", "Cloud", "Dropbox"]
PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "is_mobile": True,
}


class VaultTests(BrowserTestCase):
    alice: User

    def setUp(self) -> None:
        super().setUp()
        self.alice = make_user("alice")
        for number, name in enumerate(NAMES):
            at = timezone.now() + timedelta(seconds=number)
            services.add_anyway(
                owner=self.alice, account=account(number + 1, issuer=name, name="ada"), at=at
            )

    def open(self, path: str, **options: Any) -> Page:
        context = self.new_context(**options)
        context.grant_permissions(["clipboard-write"])
        self.let_in(context, "alice")
        page = context.new_page()
        page.goto(path)
        return page

    def order(self) -> list[str]:
        return list(OtpEntry.objects.in_order().values_list("issuer", flat=True))

    def card(self, page: Page, name: str) -> Locator:
        heading = page.get_by_role("heading", name=name, exact=True)
        return page.locator(".code-card").filter(has=heading)

    def grip(self, page: Page, name: str) -> Locator:
        return page.get_by_role("button", name=f"Move {name}")

    def drag(self, page: Page, name: str, onto: str) -> None:
        start = self.grip(page, name).bounding_box()
        end = self.card(page, onto).bounding_box()
        assert start and end
        page.mouse.move(start["x"] + 10, start["y"] + start["height"] / 2)
        page.mouse.down()
        page.mouse.move(end["x"] + 30, end["y"] + end["height"] / 2, steps=8)
        with page.expect_response("**/move/"):
            page.mouse.up()

    def test_drags_codes_into_an_order_of_ones_own(self) -> None:
        page = self.open("/?sort=manual")

        self.drag(page, "Apple", onto="Cloud")

        assert self.order() == ["Box", "Cloud", "Apple", "Dropbox"]
        self.grip(page, "Dropbox").focus()
        with page.expect_response("**/move/"):
            page.keyboard.press("Home")
        assert self.order() == ["Dropbox", "Box", "Cloud", "Apple"]
        with page.expect_response("**/move/"):
            page.keyboard.press("ArrowDown")
        assert self.order() == ["Box", "Dropbox", "Cloud", "Apple"]
        expect(self.grip(page, "Dropbox")).to_be_focused()
        expect(page.get_by_text("Dropbox is now at place 2")).to_be_attached()
        self.assert_accessible(page, "own order")
        assert self.faults == []

    def test_drags_with_a_finger(self) -> None:
        page = self.open("/?sort=manual", **PHONE)
        start = self.grip(page, "Apple").bounding_box()
        end = self.card(page, "Box").bounding_box()
        assert start and end
        touch = page.context.new_cdp_session(page)

        def send(kind: str, x: float = 0, y: float = 0) -> None:
            points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        x, y = start["x"] + 10, start["y"] + start["height"] / 2
        send("touchStart", x, y)
        for step in range(1, 9):
            send("touchMove", x, y + (end["y"] + end["height"] / 2 - y) * step / 8)
        with page.expect_response("**/move/"):
            send("touchEnd")
        assert self.order()[:2] == ["Box", "Apple"]

    def test_ticks_several_and_acts_on_them(self) -> None:
        services.add_category(owner=self.alice, name="Work", at=timezone.now())
        page = self.open("/")
        page.get_by_role("link", name="Select", exact=True).click()
        page.get_by_role("checkbox", name="Apple").check()
        page.get_by_role("checkbox", name="Box", exact=True).check()
        expect(page.get_by_text("2 selected")).to_be_visible()
        self.assert_accessible(page, "selecting")

        page.get_by_role("button", name="Put in").click()

        expect(page.get_by_text("2 codes are in Work.")).to_be_visible()
        page.get_by_role("searchbox").fill("ox")
        page.get_by_role("button", name="Select all shown").click()
        expect(page.get_by_text("2 selected")).to_be_visible()
        page.get_by_role("button", name="Trash", exact=True).click()
        expect(page.get_by_text("2 codes are in the trash")).to_be_visible()
        assert sorted(OtpEntry.objects.live().values_list("issuer", flat=True)) == [
            "Apple",
            "Cloud",
        ]

    def test_hides_codes_and_shows_one_for_a_while(self) -> None:
        User.objects.update(hides_codes=True, reveal_seconds=5)
        page = self.open("/")
        card = self.card(page, "Apple")
        expect(card.locator("[data-code]")).to_have_text("••••••")

        card.get_by_role("button", name="Show the code of").click()

        expect(card.locator("[data-code]")).not_to_contain_text("•")
        expect(self.card(page, "Box").locator("[data-code]")).to_have_text("••••••")
        self.assert_accessible(page, "hidden codes")
        expect(card.locator("[data-code]")).to_have_text("••••••")
        card.locator("[data-copy]").focus()
        page.keyboard.press("Enter")
        expect(card.get_by_text("Copied")).to_be_visible()
        expect(card.locator("[data-code]")).to_have_text("••••••")

    def test_keeps_contrast_and_text_size_in_the_browser(self) -> None:
        page = self.open("/settings/")
        page.get_by_role("button", name="High").click()
        page.get_by_role("button", name="Larger").click()
        self.assert_accessible(page, "high contrast")

        page.goto("/")

        root = page.locator("html")
        expect(root).to_have_attribute("data-contrast", "more")
        expect(root).to_have_attribute("data-text", "larger")
        self.assert_accessible(page, "high contrast list")
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        self.assert_accessible(page, "high contrast list, dark")
        width = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert width <= 0

    def test_takes_back_a_counter_asked_for_by_mistake(self) -> None:
        services.add_anyway(
            owner=self.alice,
            account=account(9, type="hotp", issuer="Hop", counter=3),
            at=timezone.now(),
        )
        page = self.open("/")
        card = self.card(page, "Hop")
        card.get_by_role("button", name="Next code").click()
        expect(card.get_by_text("counter 3")).to_be_visible()

        card.get_by_role("button", name="Undo").click()

        expect(page.get_by_text("The counter of Hop is 3 again.")).to_be_visible()
        assert OtpEntry.objects.get(issuer="Hop").counter == 3

"""Somebody with four codes, on a phone and on a wide screen, and how they take hold of things."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from playwright.sync_api import Locator, Page

from accounts.models import User
from tests.base import make_user
from tests.journeys.browser import BrowserTestCase
from vault import services
from vault.models import OtpEntry
from vault.tests.making import account

NAMES = ["Apple", "Box", "Cloud", "Dropbox"]
WIDE: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "is_mobile": True,
}
SCREENS = (PHONE, WIDE)


class VaultJourney(BrowserTestCase):
    alice: User

    def setUp(self) -> None:
        super().setUp()
        self.alice = make_user("alice")
        for number, name in enumerate(NAMES):
            self.add(name, number + 1, after=number)

    def add(self, name: str, number: int, *, after: int = 9, **changes: Any) -> OtpEntry:
        return services.add_anyway(
            owner=self.alice,
            account=account(number, issuer=name, **{"name": "ada", **changes}),
            at=timezone.now() + timedelta(seconds=after),
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
        return page.get_by_role("button", name=f"Move {name}", exact=True)

    def drag(self, page: Page, name: str, onto: Locator) -> None:
        """By the grip, with the mouse, to the middle of something else."""
        x, y = _middle(self.grip(page, name))
        _, below = _middle(onto)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x, below, steps=8)
        with page.expect_response("**/move/"):
            page.mouse.up()

    def drag_by_finger(self, page: Page, name: str, onto: Locator) -> None:
        x, y = _middle(self.grip(page, name))
        _, below = _middle(onto)
        touch = page.context.new_cdp_session(page)

        def send(kind: str, *points: float) -> None:
            at = [{"x": x, "y": each} for each in points]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

        send("touchStart", y)
        for step in range(1, 9):
            send("touchMove", y + (below - y) * step / 8)
        with page.expect_response("**/move/"):
            send("touchEnd")

    def choose_colour(self, page: Page, number: int) -> None:
        name = page.get_by_text(f"Colour {number}", exact=True)
        page.locator(".tints-item").filter(has=name).click()

    def assert_fits(self, page: Page, name: str) -> None:
        """axe finds nothing, and nothing has to be scrolled sideways."""
        self.assert_accessible(page, name)
        width = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert width <= 0, (name, "scrolls sideways")


def _middle(place: Locator) -> tuple[float, float]:
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

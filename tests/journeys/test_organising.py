"""Codes and categories in an order of one's own, ticked together, with colours and pictures."""

from __future__ import annotations

from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from tests.journeys.vault_case import PHONE, SCREENS, WIDE, VaultJourney
from vault import services
from vault.models import Category, OtpEntry
from vault.tests.making import picture


class OrderOfCodes(VaultJourney):
    def test_is_dragged_and_moved_with_keys(self) -> None:
        page = self.open("/?sort=manual", **WIDE)
        page.get_by_role("link", name="Rows").click()
        self.drag(page, "Apple", onto=self.card(page, "Cloud"))

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
        self.assert_fits(page, "own order")
        assert self.faults == []

    def test_is_dragged_with_a_finger(self) -> None:
        page = self.open("/?sort=manual", **PHONE)

        self.drag_by_finger(page, "Apple", onto=self.card(page, "Box"))

        assert self.order()[:2] == ["Box", "Apple"]

    def test_follows_use(self) -> None:
        page = self.open("/", **PHONE)
        with page.expect_response("**/used/"):
            self.card(page, "Cloud").locator("[data-copy]").click()

        page.goto("/?sort=most")

        expect(page.locator(".code-card").first.get_by_role("heading")).to_have_text("Cloud")


class TickedCodes(VaultJourney):
    def test_are_put_in_a_category_and_in_the_trash(self) -> None:
        services.add_category(owner=self.alice, name="Work", at=timezone.now())
        for screen in SCREENS:
            self.tick_and_act(self.open("/", **screen))
            OtpEntry.objects.update(trashed_at=None)

    def tick_and_act(self, page: Page) -> None:
        page.get_by_role("link", name="Select", exact=True).click()
        page.get_by_role("checkbox", name="Apple").check()
        page.get_by_role("checkbox", name="Box", exact=True).check()
        expect(page.get_by_text("2 selected")).to_be_visible()
        self.assert_fits(page, "selecting")
        page.get_by_role("button", name="Put in").click()
        expect(page.get_by_text("2 codes are in Work.")).to_be_visible()
        page.get_by_role("searchbox").fill("ox")
        page.get_by_role("button", name="Select all shown").click()
        expect(page.get_by_text("2 selected")).to_be_visible()
        page.get_by_role("button", name="Trash", exact=True).click()
        expect(page.get_by_text("2 codes are in the trash")).to_be_visible()
        left = OtpEntry.objects.live().values_list("issuer", flat=True)
        assert sorted(left) == ["Apple", "Cloud"]


class Categories(VaultJourney):
    def test_are_added_and_put_in_order(self) -> None:
        page = self.open("/categories/", **WIDE)
        for name, colour in (("Work", 3), ("Home", 5), ("Bank", 8)):
            page.get_by_label("Name").fill(name)
            self.choose_colour(page, colour)
            page.get_by_role("button", name="Add", exact=True).click()
            expect(page.get_by_text(f"{name} is added.")).to_be_visible()
        assert list(Category.objects.values_list("tint", flat=True).order_by("tint")) == [3, 5, 8]

        self.drag(page, "Bank", onto=self.row(page, "Work"))
        assert self.category_order() == ["Bank", "Work", "Home"]
        expect(page.get_by_role("button", name="Move Bank up")).to_be_disabled()
        self.grip(page, "Bank").focus()
        with page.expect_response("**/move/"):
            page.keyboard.press("End")
        assert self.category_order() == ["Work", "Home", "Bank"]
        expect(page.get_by_text("Bank is now at place 3")).to_be_attached()

        page = self.open("/categories/", **PHONE)
        self.drag_by_finger(page, "Home", onto=self.row(page, "Work"))
        assert self.category_order() == ["Home", "Work", "Bank"]
        with page.expect_navigation():
            page.get_by_role("button", name="Move Bank up").click()
        assert self.category_order() == ["Home", "Bank", "Work"]
        self.assert_fits(page, "categories")
        page.goto("/")
        expect(page.locator(".chip-count").locator("xpath=..")).to_contain_text(
            ["All", "Home", "Bank", "Work"]
        )
        assert self.faults == []

    def row(self, page: Page, name: str) -> Locator:
        return page.locator("[data-category]").filter(has_text=name)

    def category_order(self) -> list[str]:
        return list(Category.objects.in_order().values_list("name", flat=True))


class LookOfCodes(VaultJourney):
    def test_has_categories_a_colour_a_star_and_a_picture(self) -> None:
        for name in ("Work", "Home"):
            services.add_category(owner=self.alice, name=name, at=timezone.now())
        for screen, name in zip(SCREENS, ("Apple", "Box"), strict=True):
            self.change_look(self.open("/", **screen), name)
        assert self.faults == []

    def change_look(self, page: Page, name: str) -> None:
        entry = OtpEntry.objects.get(issuer=name)
        card = self.card(page, name)
        with page.expect_response("**/favourite/"):
            card.get_by_role("button", name="Favourite:").click()
        page.goto(f"/entries/{entry.pk}/")
        page.get_by_label("Work").check()
        page.get_by_label("Home").check()
        page.get_by_text("How it looks").click()
        self.choose_colour(page, 7)
        with page.expect_navigation():
            page.get_by_role("button", name="Save", exact=True).click()
        page.goto(f"/entries/{entry.pk}/")
        page.locator("#id_picture").set_input_files(
            {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": picture()}
        )
        with page.expect_navigation():
            page.get_by_role("button", name="Use this picture").click()
        expect(page.locator(".tile img")).to_be_visible()
        self.assert_fits(page, "an entry")

        entry.refresh_from_db()
        assert (entry.is_favourite, entry.tint, entry.categories.count()) == (True, 7, 2)
        category = Category.objects.get(name="Home")
        page.goto(f"/?category={category.pk}")
        expect(self.card(page, name).locator(".tile img")).to_be_visible()

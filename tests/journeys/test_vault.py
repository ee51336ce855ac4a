"""The list of codes in a browser: read, copied, hidden, counted, looked at."""

from __future__ import annotations

from playwright.sync_api import expect

from accounts.models import User
from tests.journeys.vault_case import PHONE, SCREENS, WIDE, VaultJourney
from vault.models import OtpEntry


class ReadingCodes(VaultJourney):
    def test_copies_and_groups_on_every_screen(self) -> None:
        User.objects.update(code_grouping="pairs")
        for screen in SCREENS:
            page = self.open("/", **screen)
            card = self.card(page, "Box")
            expect(card.locator("[data-code] span")).to_have_count(3)

            card.locator("[data-copy]").click()

            expect(card.get_by_text("Copied")).to_be_visible()
            expect(card.get_by_text("seconds left")).to_be_attached()
        page = self.open("/", **WIDE)
        page.get_by_role("link", name="Rows").click()
        expect(page.locator(".code-list-rows .code-card")).to_have_count(4)
        self.assert_fits(page, "rows")
        assert self.faults == []

    def test_is_used_with_the_keyboard_alone(self) -> None:
        page = self.open("/", **WIDE)
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        expect(page.get_by_role("searchbox")).to_be_focused()
        page.keyboard.press("Escape")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight")
        expect(self.card(page, "Box").locator("[data-copy]")).to_be_focused()
        page.keyboard.press("Enter")
        expect(self.card(page, "Box").get_by_text("Copied")).to_be_visible()
        page.keyboard.press("n")
        page.wait_for_url("**/entries/add/")

    def test_says_the_time_when_it_is_short_and_when_a_code_turns(self) -> None:
        self.add("Quick", 8, period=6)
        page = self.open("/", **PHONE)
        card = self.card(page, "Quick")
        button = card.get_by_role("button", name="Copy the code of Quick")
        said = page.locator("[data-announce]")

        button.click()

        expect(said).to_contain_text("It changes in")
        expect(button).to_be_focused()
        expect(said).to_have_text("The code of Quick has changed.")
        self.card(page, "Apple").locator("[data-copy]").focus()
        expect(said).to_have_text("The code of Quick has changed.")

    def test_hides_codes_and_shows_one_for_a_while(self) -> None:
        User.objects.update(hides_codes=True, reveal_seconds=5)
        for screen in SCREENS:
            page = self.open("/", **screen)
            card = self.card(page, "Apple")
            expect(card.locator("[data-code]")).to_have_text("••••••")

            card.get_by_role("button", name="Show the code of").click()

            expect(card.locator("[data-code]")).not_to_contain_text("•")
            expect(self.card(page, "Box").locator("[data-code]")).to_have_text("••••••")
            self.assert_fits(page, "hidden codes")
            expect(card.locator("[data-code]")).to_have_text("••••••")
            card.locator("[data-copy]").focus()
            page.keyboard.press("Enter")
            expect(card.get_by_text("Copied")).to_be_visible()
            expect(card.locator("[data-code]")).to_have_text("••••••")

    def test_takes_back_a_counter_asked_for_by_mistake(self) -> None:
        self.add("Hop", 9, type="hotp", counter=3)
        for screen in SCREENS:
            page = self.open("/", **screen)
            card = self.card(page, "Hop")
            card.get_by_role("button", name="Next code").click()
            expect(card.get_by_text("counter 3")).to_be_visible()

            card.get_by_role("button", name="Undo").click()

            expect(page.get_by_text("The counter of Hop is 3 again.")).to_be_visible()
            assert OtpEntry.objects.get(issuer="Hop").counter == 3

    def test_lists_what_a_counter_was_used_for_and_takes_another(self) -> None:
        hop = self.add("Hop", 9, type="hotp", counter=3)
        page = self.open(f"/entries/{hop.pk}/", **PHONE)
        page.get_by_role("button", name="Next code").click()
        expect(page.get_by_text("counter 3").first).to_be_visible()
        page.reload()
        uses = page.get_by_role("region", name="Last uses")
        expect(uses.get_by_text("counter 3")).to_have_count(1)

        page.get_by_text("How its codes are made").click()
        page.get_by_label("Counter").fill("40")
        page.get_by_role("button", name="Save", exact=True).click()

        expect(page.get_by_text("next counter 40")).to_be_visible()
        assert OtpEntry.objects.get(issuer="Hop").counter == 40


class Appearance(VaultJourney):
    def test_keeps_contrast_and_text_size_in_the_browser(self) -> None:
        for screen in SCREENS:
            page = self.open("/settings/", **screen)
            page.get_by_role("button", name="High").click()
            page.get_by_role("button", name="Larger").click()
            self.assert_fits(page, "high contrast")

            page.goto("/")

            root = page.locator("html")
            expect(root).to_have_attribute("data-contrast", "more")
            expect(root).to_have_attribute("data-text", "larger")
            self.assert_fits(page, "high contrast list")

    def test_honours_the_wish_for_less_motion(self) -> None:
        for wish, is_still in (("reduce", True), ("no-preference", False)):
            page = self.open("/", reduced_motion=wish, **PHONE)
            moving = page.locator(".button").first.evaluate(
                "(button) => parseFloat(getComputedStyle(button).transitionDuration)"
            )
            assert (moving < 0.001) is is_still

"""What was done by mistake is taken back: the trash, earlier secrets, duplicates."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from core import sealing
from tests.journeys.vault_case import SCREENS, VaultJourney
from vault.models import OtpEntry
from vault.tests.making import BASE32


class SafetyNets(VaultJourney):
    def test_takes_back_what_was_trashed_replaced_or_there_twice(self) -> None:
        for screen in SCREENS:
            page = self.open("/", **screen)
            self.trash_and_take_back(page)
            self.replace_and_put_back(page)
            self.find_the_duplicate(page)
        assert self.faults == []

    def trash_and_take_back(self, page: Page) -> None:
        page.goto("/")
        self.card(page, "Apple").locator("[data-card-menu], summary").first.click()
        page.get_by_role("button", name="Move to the trash").first.click()
        expect(page.get_by_text("Apple is in the trash.")).to_be_visible()
        page.goto("/trash/")
        self.assert_fits(page, "trash")
        row = page.locator(".row").filter(has_text="Apple")
        with page.expect_navigation():
            row.get_by_role("button", name="Take back").click()
        page.goto("/")
        expect(self.card(page, "Apple")).to_be_visible()

    def replace_and_put_back(self, page: Page) -> None:
        box = OtpEntry.objects.get(issuer="Box")
        before = sealing.open_field(box, "sealed_secret")
        page.goto(f"/entries/{box.pk}/replace/")
        page.locator("#id_secret").fill(BASE32)
        page.get_by_role("button", name="Replace", exact=True).click()
        page.wait_for_url(f"**/entries/{box.pk}/")
        self.assert_fits(page, "earlier secrets")
        box.refresh_from_db()
        assert sealing.open_field(box, "sealed_secret") != before

        earlier = page.get_by_role("region", name="Earlier secrets")
        with page.expect_navigation():
            earlier.get_by_role("button", name="Put back").first.click()
        box.refresh_from_db()
        assert sealing.open_field(box, "sealed_secret") == before

    def find_the_duplicate(self, page: Page) -> None:
        twin = self.add("Cloud", 3)
        page.goto("/duplicates/")
        group = page.get_by_role("region", name="Cloud")
        expect(group.get_by_role("listitem")).to_have_count(2)
        self.assert_fits(page, "duplicates")
        group.get_by_role("button", name="Move to the trash").last.click()
        expect(page.get_by_text("Nothing is there twice")).to_be_visible()
        OtpEntry.objects.filter(pk=twin.pk).delete()
        OtpEntry.objects.update(trashed_at=None)

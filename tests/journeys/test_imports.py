"""Moving in: an encrypted file, a look at it, the import, and the way back."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import mkdtemp

from playwright.sync_api import Page, expect

from tests import base
from tests.journeys.browser import BrowserTestCase
from vault import services as vault
from vault.formats import aegis
from vault.formats.account import OtpAccount
from vault.models import OtpEntry
from vault.tests.making import NOON

PASSWORD = "a password of the old app"
ROWS = [
    OtpAccount("totp", b"github's secret", issuer="GitHub", name="ada", categories=("Work",)),
    OtpAccount("totp", b"the bank's secret", issuer="Example Bank", name="ada", note="call first"),
    OtpAccount("hotp", b"the router's secret", issuer="Router", name="admin", counter=4),
    OtpAccount("steam", b"steam's secret", issuer="Steam", name="ada"),
]


class ImportJourney(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.alice = base.make_user("alice")
        vault.add_anyway(
            owner=self.alice,
            account=OtpAccount("totp", b"github's secret", issuer="Old GitHub", name="ada"),
            at=NOON,
        )
        self.file = Path(mkdtemp()) / "aegis-export.json"
        self.file.write_bytes(aegis.write_sealed(ROWS, PASSWORD))
        self.addCleanup(self.file.unlink)

    def bring_the_file(self, page: Page) -> None:
        page.goto("/import/")
        page.get_by_label("Files").set_input_files(str(self.file))
        page.wait_for_url(re.compile(r"/import/[0-9a-f-]{36}/$"))

    def test_imports_an_encrypted_file_and_takes_it_back(self) -> None:
        context = self.new_context(viewport={"width": 1280, "height": 800})
        self.let_in(context, "alice")
        page = context.new_page()
        page.goto("/entries/add/")
        page.get_by_role("link", name="Import its export").click()
        expect(page.get_by_label("Files")).to_be_visible()
        self.assert_accessible(page, "import")
        self.bring_the_file(page)
        self.open_the_file(page)
        self.look_and_choose(page)
        self.take_it_back(page)

        assert self.faults == []
        assert [entry.issuer for entry in OtpEntry.objects.live()] == ["Old GitHub"]

    def open_the_file(self, page: Page) -> None:
        field = page.get_by_label("Password of aegis-export.json")
        field.fill("not the password")
        page.get_by_role("button", name="Open", exact=True).click()
        expect(page.get_by_text("The password is wrong, or the file is damaged.")).to_be_visible()
        self.assert_accessible(page, "password of a file")
        field.fill(PASSWORD)
        page.get_by_role("button", name="Open", exact=True).click()

    def look_and_choose(self, page: Page) -> None:
        expect(page.get_by_role("heading", name="Look and choose")).to_be_visible()
        expect(page.get_by_text("You have it as Old GitHub (ada).")).to_be_visible()
        code = page.locator("[data-code='1']")
        expect(code).to_have_text(re.compile(r"^\d{6}$"))
        self.assert_accessible(page, "preview")
        self.look_on_a_phone(page)
        page.get_by_role("combobox", name="What becomes of GitHub ada").select_option(
            "Replace what is there"
        )
        page.get_by_role("checkbox", name="Import Steam ada").uncheck()
        page.get_by_role("button", name="Import what is chosen").click()
        expect(page.get_by_role("heading", name="2 codes imported")).to_be_visible()
        issuers = OtpEntry.objects.live().order_by("issuer").values_list("issuer", flat=True)
        assert list(issuers) == ["Example Bank", "GitHub", "Router"]

    def look_on_a_phone(self, page: Page) -> None:
        size = page.viewport_size
        assert size is not None
        page.set_viewport_size({"width": 360, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        self.assert_accessible(page, "preview on a phone")
        page.set_viewport_size(size)

    def take_it_back(self, page: Page) -> None:
        self.assert_accessible(page, "summary of an import")
        page.get_by_role("button", name="Undo this import").click()
        expect(page.get_by_role("heading", name="Import undone")).to_be_visible()
        page.get_by_role("link", name="To your codes").click()
        expect(page.get_by_role("heading", name="Old GitHub")).to_be_visible()

    def test_imports_without_javascript(self) -> None:
        context = self.new_context(java_script_enabled=False)
        self.let_in(context, "alice")
        page = context.new_page()
        page.goto("/import/")
        page.get_by_label("Files").set_input_files(str(self.file))
        page.get_by_role("button", name="Look at the files").click()
        page.get_by_label("Password of aegis-export.json").fill(PASSWORD)
        page.get_by_role("button", name="Open", exact=True).click()
        expect(page.get_by_role("heading", name="Look and choose")).to_be_visible()
        page.get_by_role("button", name="Import what is chosen").click()

        expect(page.get_by_role("heading", name="3 codes imported")).to_be_visible()

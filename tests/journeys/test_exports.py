"""Exports from the page, each opened with a program that is not ours."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import pyotp
from django.utils import timezone
from playwright.sync_api import Download, Page, expect

from accounts import sign_up as sign_ups
from accounts.models import User
from tests.journeys.browser import BrowserTestCase, sign_up
from tests.programs import JUDGES, judge, node_package
from vault import services as vault
from vault.formats import authnode_json, container, csv_table
from vault.formats.account import OtpAccount
from vault.tests.test_aegis import independently_opened
from vault.tests.test_google_migration import DECODE
from vault.tests.test_qr_sheets import decoded

PASSWORD = "kettle drum orchard 84 lantern"
FILE_PASSWORD = "seven tall herons by the river"
EMAIL = "ida@example.com"
ACCOUNTS = [
    OtpAccount("totp", b"12345678901234567890", issuer="GitHub", name="ida", categories=("Work",)),
    OtpAccount(
        "totp", b"abcdefghijklmnopqrst", issuer="Bank", name="ida@example.com", favourite=True
    ),
    OtpAccount("steam", b"klmnopqrstuvwxyzabcd", issuer="Steam", name="ida"),
]


class ExportTests(BrowserTestCase):
    """With the vault key that a sign-up makes, so that notes can be sealed and opened."""

    def setUp(self) -> None:
        super().setUp()
        self.page = self.new_context(accept_downloads=True).new_page()
        self.page.goto(sign_ups.invite(email=EMAIL, invited_by=None, at=timezone.now()))
        sign_up(self.page, email=None, name="Ida", password=PASSWORD)
        self.page.wait_for_url(f"{self.live_server_url}/")
        self.user = User.objects.get(email=EMAIL)
        added = vault.add_accounts(owner=self.user, accounts=ACCOUNTS, at=timezone.now())
        self.entry = added.entries[0]
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def write_note(self, text: str) -> None:
        self.page.goto(f"/entries/{self.entry.pk}/")
        note = self.page.locator("[data-note]")
        expect(note.locator("[data-note-loading]")).to_be_hidden()
        note.get_by_role("button", name="Write a note").click()
        note.get_by_label("Text", exact=True).fill(text)
        note.get_by_role("button", name="Save the note").click()
        expect(note.locator("form")).to_be_hidden()

    def choose(self, name: str) -> Page:
        page = self.page
        page.goto("/exports/new/")
        page.locator(f"input[name=format][value={name}]").check()
        page.get_by_role("button", name="Go on").click()
        page.wait_for_url("**/exports/review/**")
        return page

    def passphrase(self) -> str:
        return self.page.get_by_label("Passphrase", exact=True).input_value()

    def kept(self, download: Download) -> Path:
        path = self.folder / download.suggested_filename
        download.save_as(path)
        return path

    def download(self) -> Path:
        with self.page.expect_download() as caught:
            self.page.get_by_role("button", name="Download").click()
        return self.kept(caught.value)

    def test_leave_for_other_apps_under_a_password(self) -> None:
        page = self.choose("aegis")
        passphrase = self.passphrase()
        path = self.download()
        content = independently_opened(path.read_bytes(), passphrase)
        assert [entry["issuer"] for entry in content["entries"]] == ["GitHub", "Bank", "Steam"]

        page = self.choose("andotp")
        expect(page.get_by_text("weak against guessing")).to_be_visible()
        passphrase = self.passphrase()
        path = self.download()
        assert path.name.endswith(".json.aes")
        if (JUDGES / "andotp_decrypt").exists():
            ran = subprocess.run(
                ["setsid", judge("andotp_decrypt"), str(path)],
                input=f"{passphrase}\n",
                capture_output=True,
                text=True,
                check=True,
            )
            entries = json.loads(ran.stdout[ran.stdout.index("[") :])
            assert [entry["type"] for entry in entries] == ["TOTP", "TOTP", "STEAM"]
        assert self.faults == []

    def test_leave_as_text_when_somebody_understands(self) -> None:
        page = self.choose("plaintext")
        page.get_by_label("None: anybody who gets the file").check()
        page.get_by_role("button", name="Download").click()
        expect(page.get_by_role("link", name="Say that you understand")).to_be_visible()
        self.assert_accessible(page, "review refused")
        page.get_by_label("I understand").check()
        lines = self.download().read_text().splitlines()
        parsed = [pyotp.parse_uri(line) for line in lines if "otpauth://totp/" in line]
        assert [row.issuer for row in parsed] == ["GitHub", "Bank"]

        page.goto("/?select=some")
        page.get_by_role("checkbox", name="Bank").check()
        page.get_by_role("button", name="Export", exact=True).click()
        page.locator("input[name=format][value=csv]").check()
        page.get_by_role("button", name="Go on").click()
        passphrase = self.passphrase()
        opened = container.open_all(self.download().read_bytes(), password=passphrase)
        assert [row.issuer for row in csv_table.read(opened.content).accounts] == ["Bank"]
        assert self.faults == []

    def test_refuse_the_password_of_the_account(self) -> None:
        page = self.choose("authnode")
        page.get_by_label("A password of my own").check()
        for field in ("#id_own", "#id_repeat"):
            page.locator(field).fill(PASSWORD)
        page.get_by_role("button", name="Download").click()
        expect(page.get_by_text("This is the password of your account.")).to_be_visible()
        self.assert_never_sent(PASSWORD)
        self.assert_accessible(page, "account password")

        for field in ("#id_own", "#id_repeat"):
            page.locator(field).fill(FILE_PASSWORD)
        opened = container.open_all(self.download().read_bytes(), password=FILE_PASSWORD)
        assert json.loads(opened.content)["format"] == "authnode"
        self.assert_never_sent(PASSWORD)
        assert self.faults == []

    def make_the_file(self, name: str) -> tuple[Path, str]:
        """One that a worker makes, and the passphrase it has."""
        page = self.choose(name)
        passphrase = self.passphrase()
        page.get_by_role("button", name="Make the file").click()
        expect(page.get_by_role("heading", name="The export is ready")).to_be_visible()
        self.assert_accessible(page, "export ready")
        return self.download(), passphrase

    def test_leave_as_a_sheet_of_qr_codes(self) -> None:
        path, passphrase = self.make_the_file("qrcodes")
        page = self.page
        assert len(decoded(path.read_bytes(), passphrase)) == 3
        page.reload()
        expect(page.get_by_role("heading", name="The export is ready")).to_have_count(0)
        assert self.faults == []

    def test_leave_for_google_authenticator(self) -> None:
        path, passphrase = self.make_the_file("google")
        [transfer] = decoded(path.read_bytes(), passphrase)
        ran = subprocess.run(
            [judge("node"), "-e", DECODE, str(node_package("gauth-decode")), transfer],
            capture_output=True,
            text=True,
            check=True,
        )
        assert "GitHub" in ran.stdout and "Bank" in ran.stdout
        assert self.faults == []

    def test_leave_as_pictures_and_come_back(self) -> None:
        page = self.choose("qr-images")
        passphrase = self.passphrase()
        path = self.download()
        unzip = [judge("7z", "p7zip-full"), "x", f"-p{passphrase}", f"-o{self.folder}", str(path)]
        subprocess.run(unzip, check=True, capture_output=True)
        scan = [judge("zbarimg", "zbar-tools"), "-q", "--raw", f"{self.folder}/0001.png"]
        ran = subprocess.run(scan, check=True, capture_output=True, text=True)
        assert pyotp.parse_uri(ran.stdout.strip()).issuer == "GitHub"

        page.goto("/import/")
        page.get_by_label("Files").set_input_files(str(path))
        page.get_by_label(f"Password of {path.name}").fill(passphrase)
        page.get_by_role("button", name="Open", exact=True).click()
        expect(page.get_by_text("You have it as GitHub (ida).")).to_be_visible()
        self.assert_accessible(page, "preview of pictures")
        assert self.faults == []

    def test_take_the_notes_along_without_showing_them_to_the_server(self) -> None:
        self.write_note("quagmire and flotsam")
        page = self.choose("aegis")
        page.get_by_label("With the encrypted notes").check()
        self.assert_accessible(page, "review with notes")
        passphrase = self.passphrase()
        content = independently_opened(self.download().read_bytes(), passphrase)
        notes = {entry["issuer"]: entry["note"] for entry in content["entries"]}
        assert notes == {"GitHub": "quagmire and flotsam", "Bank": "", "Steam": ""}
        expect(page.get_by_text("The file with the notes is in your downloads.")).to_be_visible()

        page = self.choose("authnode")
        page.get_by_label("With the encrypted notes").check()
        passphrase = self.passphrase()
        opened = container.open_all(self.download().read_bytes(), password=passphrase)
        assert authnode_json.read(opened.content).accounts[0].note == "quagmire and flotsam"
        self.assert_never_sent("quagmire and flotsam")
        assert self.faults == []

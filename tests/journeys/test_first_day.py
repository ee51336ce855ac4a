"""The first day: set up the site, invite somebody, add a second factor, use it, leave."""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts import sign_up as sign_ups
from accounts.models import User
from core.otp import encode_base32
from keyslots import services as keyslots
from tests.journeys.browser import BrowserTestCase, need, sign_in, sign_up

OPERATOR_PASSWORD = "Violet umbrellas over Ghent 61"
PASSWORD = "kettle drum orchard 84 lantern"


class FirstDayTests(BrowserTestCase):
    def test_leads_from_the_set_up_link_to_a_copied_code(self) -> None:
        need(shutil.which("qrencode") and shutil.which("oathtool"), "qrencode or oathtool")
        operator, person = self.new_page(), self.person()

        link = self.set_up_and_invite(operator)
        self.join(person, link)
        secret = self.add_a_picture(person)
        code = self.assert_code_is_right(person, secret)
        self.copy_by_keyboard(person, code)
        self.leave(person)

        for password in (OPERATOR_PASSWORD, PASSWORD):
            self.assert_never_sent(password)
        assert self.faults == []

    def person(self) -> Page:
        context = self.new_context()
        context.grant_permissions(["clipboard-write"])
        return context.new_page()

    def set_up_and_invite(self, page: Page) -> str:
        page.goto(sign_ups.make_set_up_link(at=timezone.now()))
        sign_up(page, email="Olga@example.com", name="Olga", password=OPERATOR_PASSWORD)
        page.wait_for_url(f"{self.live_server_url}/")
        assert User.objects.get(email="olga@example.com").is_staff
        page.goto("/invitations/")
        page.get_by_label("E-mail address").fill("ida@example.com")
        page.get_by_role("button", name="Make an invitation").click()
        return page.locator("#link").input_value()

    def join(self, page: Page, link: str) -> None:
        page.goto(link)
        expect(page.get_by_label("E-mail address")).to_have_value("ida@example.com")
        assert "#" not in page.url
        sign_up(page, email=None, name="Ida", password=PASSWORD)
        page.wait_for_url(f"{self.live_server_url}/")
        user = User.objects.get(email="ida@example.com")
        assert keyslots.opens_with(user.id, salt=user.salt)

    def add_a_picture(self, page: Page) -> str:
        secret = encode_base32(secrets.token_bytes(20))
        uri = f"otpauth://totp/Example%20Bank:ida?secret={secret}&issuer=Example%20Bank"
        page.goto("/entries/add/")
        with TemporaryDirectory() as folder:
            picture = Path(folder) / "code.png"
            subprocess.run(["qrencode", "-s", "6", "-o", picture, uri], check=True)
            page.locator("input[type=file]").set_input_files(picture)
            submit = page.get_by_role("button", name=re.compile("Read the picture"))
            if submit.is_visible():
                submit.click()
            expect(page.get_by_text("Example Bank").first).to_be_visible()
        return secret

    def assert_code_is_right(self, page: Page, secret: str) -> str:
        page.goto("/")
        card = page.locator(".code-card", has_text="Example Bank")
        for _ in range(3):
            before = _oathtool(secret)
            shown = re.sub(r"\D", "", card.locator(".code").first.inner_text())
            # Only a code that did not change while it was read can be compared.
            if before == _oathtool(secret):
                assert shown == before
                return shown
            time.sleep(1)
        raise AssertionError("the code changed three times while it was read")

    def copy_by_keyboard(self, page: Page, code: str) -> None:
        page.keyboard.press("/")
        page.keyboard.type("exam")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Copied").first).to_be_visible()
        # Reading the clipboard is forbidden to the site; a person would paste.
        search = page.locator("#search")
        search.fill("")
        search.press("Control+V")
        shown = re.sub(r"\D", "", page.locator(".code-card .code").first.inner_text())
        assert search.input_value() in {code, shown}

    def leave(self, page: Page) -> None:
        page.get_by_role("button", name="Sign out").first.click()
        expect(page.get_by_text("You are signed out.")).to_be_visible()
        page.go_back()
        expect(page.get_by_text("Example Bank")).to_have_count(0)
        page.goto("/")
        expect(page.get_by_text("Example Bank")).to_have_count(0)
        page.goto("/activity/")
        assert "/sign-in/" in page.url


class PasswordJourneyTests(BrowserTestCase):
    def test_changes_the_password_and_keeps_the_vault_key(self) -> None:
        page = self.new_page()
        page.goto(sign_ups.make_set_up_link(at=timezone.now()))
        sign_up(page, email="olga@example.com", name="Olga", password=OPERATOR_PASSWORD)
        page.wait_for_url(f"{self.live_server_url}/")
        user = User.objects.get()
        before = keyslots.password_slot(user.id)

        page.goto("/settings/security/password/")
        page.locator("#id_password").fill(OPERATOR_PASSWORD)
        page.locator("#id_new_password").fill(PASSWORD)
        page.locator("#id_repeat").fill(PASSWORD)
        page.get_by_role("button", name="Change the password").click()
        expect(page.get_by_text("Your password is changed.")).to_be_visible()

        after = keyslots.password_slot(user.id)
        assert before is not None
        assert after is not None
        assert (before.vault_key_id, before.slot_id) != (after.vault_key_id, after.slot_id)
        assert before.vault_key_id == after.vault_key_id
        again = self.new_page()
        sign_in(again, email="olga@example.com", password=PASSWORD)
        again.wait_for_url(f"{self.live_server_url}/")
        for password in (OPERATOR_PASSWORD, PASSWORD):
            self.assert_never_sent(password)
        assert self.faults == []

    def test_says_at_the_field_what_is_wrong(self) -> None:
        page = self.new_page()
        page.goto(sign_ups.make_set_up_link(at=timezone.now()))
        sign_up(page, email="olga@example.com", name="Olga", password="short")
        expect(page.get_by_text("Use at least 15 characters")).to_be_visible()

        sign_up(page, email="olga@example.com", name="Olga", password="olga@example.com")
        expect(page.get_by_text("Do not build the password from your name")).to_be_visible()
        assert not User.objects.exists()

    def test_makes_the_vault_key_of_an_account_from_the_console(self) -> None:
        user = User.objects.create_superuser("olga@example.com", OPERATOR_PASSWORD)
        page = self.new_page()

        sign_in(page, email="olga@example.com", password=OPERATOR_PASSWORD)
        page.wait_for_url(f"{self.live_server_url}/")

        assert keyslots.opens_with(user.id, salt=user.salt)
        self.assert_never_sent(OPERATOR_PASSWORD)

    def test_sends_nothing_without_javascript(self) -> None:
        page = self.new_page(java_script_enabled=False)
        page.goto("/sign-in/")

        # The emulation leaves <noscript> closed, so that its words are only in the source.
        assert "This page needs JavaScript" in page.content()
        expect(page.get_by_role("button", name="Sign in")).to_have_count(0)


def _oathtool(secret: str) -> str:
    done = subprocess.run(
        ["oathtool", "--totp", "--base32", secret], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()

"""The key of the encrypted notes in a browser: opened, locked, written down, replaced."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts import sign_up as sign_ups
from accounts.models import User
from keyslots import crypto, recovery, services
from keyslots.models import KeySlot
from tests import base
from tests.journeys.browser import BrowserTestCase, sign_in, sign_up

ADDRESS = "ida@example.com"
PASSWORD = "kettle drum orchard 84 lantern"
LATER = "granite violin harbour 27 moss"

# A static address with a hash in its name would not be importable by a plain path.
OPEN = """async () => {
  const { openVault } = await import("/static/js/lib/open-vault.js");
  const keys = await openVault();
  if (keys === null) return null;
  const { contentKey, indexKey, vaultKeyId } = keys;
  return {
    vaultKeyId,
    content: [contentKey.algorithm.name, contentKey.extractable],
    index: [indexKey.algorithm.name, indexKey.extractable],
  };
}"""
OPEN_ALL = """async () => {
  const { openVaultKeys } = await import("/static/js/lib/open-vault.js");
  return [...(await openVaultKeys()).keys.keys()].sort();
}"""
STORED = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open("authnode");
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const database = opening.result;
    if (!database.objectStoreNames.contains("keys")) return resolve([]);
    const asking = database.transaction("keys").objectStore("keys").getAllKeys();
    asking.onsuccess = () => { database.close(); resolve(asking.result); };
  };
})"""


class SlotJourneys(BrowserTestCase):
    def join(self, page: Page) -> User:
        page.goto(sign_ups.invite(email=ADDRESS, invited_by=None, at=timezone.now()))
        sign_up(page, email=None, name="Ida", password=PASSWORD)
        page.wait_for_url(f"{self.live_server_url}/")
        return User.objects.get(email=ADDRESS)

    def sign_in(self, page: Page) -> None:
        sign_in(page, email=ADDRESS, password=PASSWORD)
        page.wait_for_url(f"{self.live_server_url}/")

    def sign_out(self, page: Page) -> None:
        page.locator(".sidebar").get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/sign-in/")

    def opened(self, page: Page) -> dict[str, Any] | None:
        found: dict[str, Any] | None = page.evaluate(OPEN)
        return found

    def assert_open(self, page: Page, user: User) -> None:
        current = services.current_vault_key(user.id)
        assert current is not None
        assert self.opened(page) == {
            "vaultKeyId": str(current.id),
            "content": ["HKDF", False],
            "index": ["HMAC", False],
        }

    def write_down(self, page: Page) -> str:
        """Make a key and type the two groups back; the answer is the key as on paper."""
        page.get_by_role("button", name="Show the recovery key").click()
        expect(page.locator("[data-recovery-groups] li")).to_have_count(13)
        groups = page.locator("[data-recovery-groups] li").all_text_contents()
        page.get_by_role("button", name="I have it on paper").click()
        expect(page.locator("[data-recovery-groups] li")).to_have_count(0)
        for place in "12":
            label = page.locator(f"label[for=id_group_{place}]").text_content() or ""
            number = int(re.sub(r"\D", "", label))
            page.locator(f"#id_group_{place}").fill(groups[number - 1].lower())
        return "-".join(groups)

    def test_opens_with_the_password_and_locks_with_the_session(self) -> None:
        page = self.new_page()
        user = self.join(page)
        self.assert_open(page, user)
        self.sign_out(page)
        assert page.evaluate(STORED) == []

        self.sign_in(page)
        self.assert_open(page, user)
        page.reload()
        self.assert_open(page, user)
        assert KeySlot.objects.get(user=user).last_used_at is not None
        self.assert_never_sent(PASSWORD)
        assert self.faults == []

    def test_is_locked_once_the_session_was_ended_elsewhere(self) -> None:
        page = self.new_page()
        user = self.join(page)
        self.assert_open(page, user)
        page.context.clear_cookies()

        assert self.opened(page) is None
        assert page.evaluate(STORED) == []

    def test_gives_nobody_elses_key_to_the_next_person(self) -> None:
        page = self.new_page()
        user = self.join(page)
        self.assert_open(page, user)
        base.make_user("bob")
        client = Client()
        base.sign_in(client, "bob")
        value, url = client.cookies["session"].value, self.live_server_url
        page.context.add_cookies([{"name": "session", "value": value, "url": url}])

        assert self.opened(page) is None
        assert page.evaluate(STORED) == []

    def test_opens_in_a_second_tab_and_locks_in_both(self) -> None:
        page = self.new_page()
        user = self.join(page)
        other = page.context.new_page()
        other.goto("/settings/security/keys/")
        self.assert_open(other, user)

        other.get_by_role("button", name="Lock it now").click()
        expect(other.get_by_text("Locked.", exact=True)).to_be_visible()
        assert self.opened(page) is None
        other.locator("#id_password").fill(PASSWORD)
        other.get_by_role("button", name="Open", exact=True).click()
        expect(other.get_by_text("Open until you sign out.")).to_be_visible()
        self.assert_open(page, user)

    def test_makes_a_recovery_key_and_asks_two_groups_back(self) -> None:
        page = self.new_page()
        user = self.join(page)
        page.goto("/settings/security/keys/recovery/")
        page.get_by_label("Name").fill("Safe")
        key = self.write_down(page)
        page.locator("#id_group_1").fill("0000")
        page.get_by_role("button", name="Add the recovery key").click()
        expect(page.get_by_text("This is not the group on your paper.")).to_be_visible()
        assert not KeySlot.objects.filter(user=user, kind="recovery").exists()

        page.get_by_role("button", name="Show the key again").click()
        self.type_back(page, key)
        page.get_by_role("button", name="Add the recovery key").click()
        expect(page.get_by_text("Notes recovery key: Safe")).to_be_visible()
        self.assert_paper_opens(user, key)
        self.assert_never_sent(key)
        self.assert_never_sent(key.replace("-", ""))
        assert self.faults == []

    def type_back(self, page: Page, key: str) -> None:
        page.get_by_role("button", name="I have it on paper").click()
        for place in "12":
            label = page.locator(f"label[for=id_group_{place}]").text_content() or ""
            number = int(re.sub(r"\D", "", label))
            page.locator(f"#id_group_{place}").fill(key.split("-")[number - 1])
        expect(page.get_by_text("Both groups are right.")).to_be_visible()

    def assert_paper_opens(self, user: User, key: str) -> bytes:
        raw = recovery.read(key)
        row = services.prove_recovery(user.id, recovery.derive_proof(raw))
        assert row is not None
        wrap_key = recovery.derive_wrap_key(raw)
        return crypto.unwrap_vault_key(services.content(row), wrap_key=wrap_key, user_id=user.id)

    def test_starts_a_new_key_when_one_is_compromised(self) -> None:
        page = self.new_page()
        user = self.join(page)
        old = services.current_vault_key(user.id)
        page.goto("/settings/security/keys/replace/")
        key = self.write_down(page)
        page.locator("#id_password").fill(PASSWORD)
        page.get_by_role("button", name="Start the new key").click()
        expect(page.get_by_text("Your encrypted notes have a new key.")).to_be_visible()

        assert services.current_vault_key(user.id) != old
        self.assert_open(page, user)
        new_key = self.assert_paper_opens(user, key)
        self.assert_chain_opens(user, new_key)
        all_keys = sorted(str(key.id) for key in user.vault_keys.all())
        assert page.evaluate(OPEN_ALL) == all_keys and len(all_keys) == 2
        self.sign_out(page)
        self.sign_in(page)
        self.assert_open(page, user)
        self.assert_never_sent(key)
        self.assert_never_sent(PASSWORD)
        assert self.faults == []

    def assert_chain_opens(self, user: User, new_key: bytes) -> None:
        row = KeySlot.objects.get(user=user, kind="older")
        wrap_key = crypto.derive_older_wrap_key(new_key)
        old_key = crypto.unwrap_vault_key(services.content(row), wrap_key=wrap_key, user_id=user.id)
        assert len(old_key) == 32 and old_key != new_key

    def test_opens_what_an_earlier_password_closed(self) -> None:
        page = self.new_page()
        user = self.join(page)
        self.sign_out(page)
        user.set_password(LATER)
        user.save()
        sign_in(page, email=ADDRESS, password=LATER)
        page.wait_for_url(f"{self.live_server_url}/")
        page.goto("/settings/security/keys/")
        page.get_by_role("link", name="Open with that password").click()
        page.locator("#id_password").fill(LATER)
        page.get_by_role("button", name="Open", exact=True).click()
        expect(page.get_by_text("This password does not open your notes.")).to_be_visible()

        page.locator("#id_password").fill(PASSWORD)
        page.get_by_role("button", name="Open", exact=True).click()
        expect(page.get_by_text("are open to you again")).to_be_visible()
        kinds = {row.kind for row in KeySlot.objects.filter(user=user)}
        assert kinds == {"password", "older"}
        self.assert_never_sent(PASSWORD)

    def test_finds_nothing_wrong_for_people_who_listen(self) -> None:
        page = self.new_page()
        self.join(page)
        for path in ("", "recovery/", "replace/"):
            page.goto(f"/settings/security/keys/{path}")
            self.assert_accessible(page, path)
        page.get_by_role("button", name="Show the recovery key").click()
        self.assert_accessible(page, "sheet")
        page.get_by_role("button", name="I have it on paper").click()
        self.assert_accessible(page, "asked back")

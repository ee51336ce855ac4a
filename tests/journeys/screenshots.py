"""Takes the pictures of docs/guide.md and README.md: `make screenshots`.

No test_ in the name: a picture is taken when somebody wants it anew, not in every run. People,
codes and addresses are made up; what the pages show of them opens nothing.
"""

from __future__ import annotations

import io
import os
from datetime import timedelta
from pathlib import Path

from django.utils import timezone
from PIL import Image
from playwright.sync_api import Page

from accounts.models import Passkey
from anomalies.tests.people import make_attempt
from audit import events
from audit import services as audit
from tests import base
from tests.journeys.browser import ROOT, BrowserTestCase
from vault.management.commands import demo
from vault.models import OtpEntry

NAME, ADDRESS = "ada", "ada@example.com"
WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 780}
COLOURS = 160
PAGES = {
    "codes-light": "/",
    "security": "/settings/security/",
    "add": "/entries/add/",
    "import": "/import/",
    "export": "/exports/new/",
    "keys": "/settings/security/keys/",
    "sign-ins": "/settings/security/sign-ins/",
    "sessions": "/settings/security/sessions/",
    "activity": "/activity/",
    "help": "/help/",
}


class Pictures(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(os.environ["AUTHNODE_PICTURES"])
        assert (ROOT / self.folder).is_dir()
        self.user = base.make_user(NAME)
        demo.fill(self.user, at=timezone.now())

    def live_a_little(self) -> None:
        """Some days of an account, so that no page is empty."""
        now = timezone.now()
        Passkey.objects.create(
            user=self.user,
            name="Blue key",
            credential_id="demo",
            public_key=b"none",
            created_at=now - timedelta(days=40),
        )
        for days in (9, 6, 2):
            make_attempt(self.user, at=now - timedelta(days=days))
            audit.record(events.SESSION_STARTED, user=self.user.pk, at=now - timedelta(days=days))

    def test_takes_each(self) -> None:
        context = self.new_context(color_scheme="light", viewport=WIDE)
        self.let_in(context, NAME)
        # Afterwards, as the passkey would have been asked for.
        self.live_a_little()
        page = context.new_page()
        for name, path in PAGES.items():
            self.take(page, path, name)
        entry = OtpEntry.objects.get(owner=self.user, issuer="GitHub")
        self.take(page, f"/entries/{entry.pk}/", "entry")

    def test_takes_the_phone(self) -> None:
        context = self.new_context(color_scheme="dark", viewport=PHONE, device_scale_factor=2)
        self.let_in(context, NAME)
        self.take(context.new_page(), "/", "codes-phone-dark")

    def take(self, page: Page, path: str, name: str) -> None:
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert page.url.endswith(path), page.url
        picture = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
        # A page has few colours: with a palette the file is a third as large.
        small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        small.save(ROOT / self.folder / f"{name}.png", optimize=True)

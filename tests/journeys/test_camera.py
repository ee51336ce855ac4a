"""A camera that looks at a QR code: Chromium plays a film to the page."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from PIL import Image
from playwright.sync_api import Page, expect

from tests.base import make_user
from tests.journeys.browser import BrowserTestCase
from tests.journeys.vault_case import PHONE, WIDE
from vault.models import OtpEntry
from vault.tests.making import URI, upload

WIDTH, HEIGHT, FRAMES = 640, 480, 10
SIX_DIGITS = re.compile(r"^\d{6}$")
AWAY = "Object.defineProperty(navigator, 'mediaDevices', {value: undefined});"
PLAIN_HTTP = AWAY + "Object.defineProperty(window, 'isSecureContext', {value: false});"


def film(path: Path, text: str) -> None:
    """A film in which a QR code is held into the picture after some empty frames."""
    empty = Image.new("L", (WIDTH, HEIGHT), 128)
    shown = empty.copy()
    with Image.open(upload(text).open()) as code:
        shown.paste(code.convert("L").resize((300, 300), Image.Resampling.NEAREST), (170, 90))
    grey = bytes([128]) * (WIDTH * HEIGHT // 2)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip C420jpeg\n".encode())
        for number in range(FRAMES):
            picture = empty if number < FRAMES // 3 else shown
            file.write(b"FRAME\n" + picture.tobytes() + grey)


class CameraTests(BrowserTestCase):
    film: ClassVar[Path]

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        path = Path(folder.name) / "camera.y4m"
        film(path, URI)
        cls.more_flags = [
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={path}",
        ]
        super().setUpClass()

    def setUp(self) -> None:
        super().setUp()
        make_user("alice")

    def page_for_adding(
        self, *, script: str = "", is_allowed: bool = True, screen: dict[str, Any] = WIDE
    ) -> Page:
        page = self.signed_in_page(script=script, is_allowed=is_allowed, screen=screen)
        page.goto("/entries/add/")
        page.get_by_role("button", name="Scan with the camera").click()
        return page

    def signed_in_page(self, *, script: str, is_allowed: bool, screen: dict[str, Any]) -> Page:
        context = self.new_context(**screen)
        if is_allowed:
            context.grant_permissions(["camera"])
        if script:
            context.add_init_script(script)
        self.let_in(context, "alice")
        return context.new_page()

    def test_leads_from_the_first_page_to_the_first_code(self) -> None:
        """An empty vault on a phone: one tap, a look at the QR code, and there is a code."""
        page = self.signed_in_page(script="", is_allowed=True, screen=PHONE)
        page.goto("/")
        expect(page.get_by_role("heading", name="Add your first code")).to_be_visible()
        page.get_by_role("link", name="Scan with the camera").click()

        page.wait_for_url("**/entries/added/")
        expect(page.get_by_text("GitHub").first).to_be_visible()
        page.goto("/")
        expect(page.locator(".code-card [data-code]")).to_have_text(SIX_DIGITS)

    def test_adds_the_account_it_sees(self) -> None:
        page = self.page_for_adding()

        page.wait_for_url("**/entries/added/")
        expect(page.get_by_text("GitHub").first).to_be_visible()
        assert OtpEntry.objects.get().account_name == "ada"
        assert self.faults == []

    def test_says_what_to_do_when_the_camera_is_refused(self) -> None:
        page = self.page_for_adding(is_allowed=False, screen=PHONE)

        expect(page.get_by_text("does not let this site use the camera")).to_be_visible()
        self.assert_accessible(page, "camera")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)

    def test_says_that_there_is_no_camera(self) -> None:
        page = self.page_for_adding(script=AWAY)

        expect(page.get_by_text("There is no camera on this device")).to_be_visible()

    def test_says_that_plain_http_has_no_camera(self) -> None:
        page = self.page_for_adding(script=PLAIN_HTTP)

        expect(page.get_by_text("only over https")).to_be_visible()
        expect(page.get_by_role("button", name="Try again")).to_be_hidden()

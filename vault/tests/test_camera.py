from __future__ import annotations

import io
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tests import base
from vault.models import OtpEntry
from vault.tests.making import URI, upload
from vault.tests.test_add_page import PART_2_OF_3


class FrameTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")

    def look(self, frame: SimpleUploadedFile | None) -> Any:
        form = {"frame": frame} if frame else {}
        return self.client.post("/entries/add/frame/", form, headers={"X-Background": "1"})

    def test_answers_the_text_and_keeps_nothing(self) -> None:
        response = self.look(upload(URI))

        (code,) = response.json()["codes"]
        self.assertEqual((code["text"], code["is_account"], code["parts"]), (URI, True, 1))
        self.assertIn("no-store", response.headers["Cache-Control"])
        self.assertFalse(OtpEntry.objects.exists())

    def test_says_which_part_of_an_export_it_is(self) -> None:
        (code,) = self.look(upload(PART_2_OF_3)).json()["codes"]

        self.assertEqual((code["part"], code["parts"]), (2, 3))

    def test_tells_other_codes_apart(self) -> None:
        (code,) = self.look(upload("https://example.com")).json()["codes"]

        self.assertIs(code["is_account"], False)

    def test_answers_nothing_for_a_frame_without_a_code(self) -> None:
        plain = io.BytesIO()
        Image.new("L", (1280, 960), 90).save(plain, format="JPEG")

        for frame in (plain.getvalue(), b"no picture"):
            response = self.look(SimpleUploadedFile("frame.jpg", frame))
            self.assertEqual(response.json(), {"codes": []})

    def test_refuses_a_missing_or_large_frame(self) -> None:
        self.assertEqual(self.look(None).status_code, 400)
        large = SimpleUploadedFile("frame.jpg", b"x" * (1024 * 1024 + 1))
        self.assertEqual(self.look(large).status_code, 400)

    def test_asks_for_a_sign_in(self) -> None:
        self.client.logout()

        self.assertNotEqual(self.look(upload(URI)).status_code, 200)
